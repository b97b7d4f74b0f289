/* SPDX-License-Identifier: MIT */
#include "verbs/program.h"
#include "verbs/self.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/base.h"

#define SCRIPTS_DEEP 4u /* as deep as the kernel follows interpreters of interpreters */

/* Would exec give the program more rights than we have? Then the loader ignores LD_PRELOAD. */
static bool gains_privileges(const char *path, const struct stat *info, char *why, size_t bytes)
{
    if ((info->st_mode & S_ISUID) && info->st_uid != geteuid()) {
        snprintf(why, bytes,
                 "is setuid: the loader does not preload libraries into such a program");
        return true;
    }
    if ((info->st_mode & S_ISGID) && (info->st_mode & S_IXGRP) && info->st_gid != getegid()) {
        snprintf(why, bytes,
                 "is setgid: the loader does not preload libraries into such a program");
        return true;
    }
    if (geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0) {
        snprintf(
            why, bytes,
            "has file capabilities: the loader does not preload libraries into such a program");
        return true;
    }
    return false;
}

/* Our own ELF class and machine, which the library has too. */
static bool own_header(GElf_Ehdr *header)
{
    char self[PATH_MAX];
    int fd = self_path(self) ? open(self, O_RDONLY | O_CLOEXEC) : -1;
    Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    bool read = elf && gelf_getehdr(elf, header);
    if (elf)
        elf_end(elf);
    if (fd >= 0)
        close(fd);
    return read;
}

/* glibc's loader, which can be called to start a program: a shared object, by its name. */
static bool is_loader(Elf *elf, const GElf_Phdr *dynamic)
{
    Elf_Data *data =
        elf_getdata_rawchunk(elf, (int64_t)dynamic->p_offset, dynamic->p_filesz, ELF_T_DYN);
    GElf_Dyn entry;
    GElf_Xword strings = 0, name = 0;
    for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
        if (entry.d_tag == DT_STRTAB)
            strings =
                entry.d_un.d_ptr; /* the same offset in the file: the first segment begins at 0 */
        else if (entry.d_tag == DT_SONAME)
            name = entry.d_un.d_val;
    }
    size_t bytes;
    const char *file = elf_rawfile(elf, &bytes);
    if (!file || !strings || !name || strings >= bytes || name >= bytes - strings)
        return false;
    return !strncmp(file + strings + name, "ld-linux", strnlen("ld-linux", bytes - strings - name));
}

/* musl's loader is its libc, which does not name itself: "/lib/ld-musl-x86_64.so.1". */
static bool is_musl(const char *path)
{
    const char *slash = strrchr(path, '/');
    return !strncmp(slash ? slash + 1 : path, "ld-musl-", strlen("ld-musl-"));
}

/* The loader that a program asks for, in `loader`: is it glibc's or musl's? True if that can't be found out. */
static bool asks_for_known(Elf *elf, const GElf_Phdr *segment, char loader[256])
{
    size_t bytes;
    const char *file = elf_rawfile(elf, &bytes);
    *loader = 0;
    if (!file || segment->p_offset > bytes || segment->p_filesz > bytes - segment->p_offset ||
        segment->p_filesz > 256)
        return true;
    snprintf(loader, 256, "%.*s", (int)segment->p_filesz, file + segment->p_offset);
    if (is_musl(loader))
        return true;
    int fd = open(loader, O_RDONLY | O_CLOEXEC);
    Elf *its = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    size_t count = 0;
    bool known = false, glibc = false;
    if (its && elf_kind(its) == ELF_K_ELF && !elf_getphdrnum(its, &count)) {
        GElf_Phdr one;
        for (size_t i = 0; i < count; i++)
            if (gelf_getphdr(its, (int)i, &one) && one.p_type == PT_DYNAMIC) {
                known = true;
                glibc = is_loader(its, &one);
            }
    }
    if (its)
        elf_end(its);
    if (fd >= 0)
        close(fd);
    return !known || glibc;
}

static enum program_answer check_elf(const char *path, Elf *elf, char *why, size_t bytes)
{
    GElf_Ehdr header, own;
    size_t count = 0;
    if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &count)) {
        snprintf(why, bytes, "is a damaged ELF file: %s", elf_errmsg(-1));
        return PROGRAM_NOT_EXECUTABLE;
    }
    if (own_header(&own) &&
        (own.e_machine != header.e_machine || own.e_ident[EI_CLASS] != header.e_ident[EI_CLASS])) {
        snprintf(why, bytes,
                 "is for another architecture (ELF machine %u, %u bits) than libmemtrace.so (%u, "
                 "%u bits)",
                 header.e_machine, header.e_ident[EI_CLASS] == ELFCLASS64 ? 64u : 32u,
                 own.e_machine, own.e_ident[EI_CLASS] == ELFCLASS64 ? 64u : 32u);
        return PROGRAM_UNTRACEABLE;
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        char loader[256];
        if (!gelf_getphdr(elf, (int)i, &segment))
            continue;
        if (segment.p_type == PT_INTERP && !asks_for_known(elf, &segment, loader)) {
            snprintf(
                why, bytes,
                "is linked with another C library than glibc and musl, which libmemtrace.so is for "
                "(its loader is %s)",
                loader);
            return PROGRAM_UNTRACEABLE;
        }
        if (segment.p_type == PT_INTERP ||
            (segment.p_type == PT_DYNAMIC && (is_loader(elf, &segment) || is_musl(path))))
            return PROGRAM_FINE;
    }
    snprintf(why, bytes, "is statically linked: nothing can be preloaded into it");
    return PROGRAM_UNTRACEABLE;
}

/* "#! /path/to/interpreter argument" */
static bool script_interpreter(const char *head, size_t bytes, char *out, size_t out_bytes)
{
    if (bytes < 3 || head[0] != '#' || head[1] != '!')
        return false;
    size_t at = 2;
    while (at < bytes && (head[at] == ' ' || head[at] == '\t'))
        at++;
    size_t length = 0;
    while (at + length < bytes && !strchr(" \t\r\n", head[at + length]))
        length++;
    if (!length || length >= out_bytes)
        return false;
    memcpy(out, head + at, length);
    out[length] = 0;
    return true;
}

static enum program_answer check_contents(const char *path, int fd, unsigned depth, char *why,
                                          size_t why_bytes);

static enum program_answer check_file(const char *path, unsigned depth, char *why, size_t bytes)
{
    struct stat info;
    if (stat(path, &info) < 0) {
        snprintf(why, bytes, "%s", strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? PROGRAM_MISSING : PROGRAM_NOT_EXECUTABLE;
    }
    if (!program_is_executable(path)) {
        snprintf(why, bytes, "%s", S_ISDIR(info.st_mode) ? "is a directory" : "is not executable");
        return PROGRAM_NOT_EXECUTABLE;
    }
    if (gains_privileges(path, &info, why, bytes))
        return PROGRAM_UNTRACEABLE;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return PROGRAM_FINE; /* executable but not readable: try it */
    enum program_answer answer = check_contents(path, fd, depth, why, bytes);
    close(fd);
    return answer;
}

static enum program_answer check_contents(const char *path, int fd, unsigned depth, char *why,
                                          size_t why_bytes)
{
    char head[512], interpreter[512];
    ssize_t got = pread(fd, head, sizeof head, 0);
    if (got > 0 && script_interpreter(head, (size_t)got, interpreter, sizeof interpreter)) {
        if (depth == SCRIPTS_DEEP)
            return PROGRAM_FINE; /* the kernel will say */
        char inner[256];
        enum program_answer answer = check_file(interpreter, depth + 1, inner, sizeof inner);
        if (answer == PROGRAM_FINE)
            return PROGRAM_FINE;
        snprintf(why, why_bytes, "is a script for %s: %s %s", interpreter, interpreter, inner);
        return answer == PROGRAM_UNTRACEABLE ? answer : PROGRAM_NOT_EXECUTABLE;
    }
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    enum program_answer answer = PROGRAM_FINE; /* neither ELF nor "#!": the shell may take it */
    if (elf && elf_kind(elf) == ELF_K_ELF)
        answer = check_elf(path, elf, why, why_bytes);
    else if (got == 0) {
        snprintf(why, why_bytes, "is empty");
        answer = PROGRAM_NOT_EXECUTABLE;
    }
    if (elf)
        elf_end(elf);
    return answer;
}

enum program_answer program_check(const char *path, char *why, size_t why_bytes)
{
    elf_version(EV_CURRENT);
    *why = 0;
    return check_file(path, 0, why, why_bytes);
}
