/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/exec_target.h"
#include "os/os.h"
#include "os/str.h"

#define SCRIPTS_DEEP 4u   /* as deep as the kernel follows interpreters of interpreters */
#define LINE         256u /* as much of "#!..." as the kernel reads */

/* This library's own ELF header. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int open_file(int folder, const char *path)
{
    long fd;
    if (*path)
        fd = syscall(SYS_openat, folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    else
        fd = syscall(SYS_fcntl, folder, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -1 : (int)fd;
}

struct image {
    ElfW(Phdr) interpreter, dynamic; /* p_type 0: there is none */
    uint64_t bias;                   /* of its first segment: address less offset */
};

/* False: not all of it can be read. */
static bool read_image(int fd, const ElfW(Ehdr) * header, struct image *image)
{
    bool loaded = false;
    memset(image, 0, sizeof *image);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) one;
        if (!mt_os_read_at(fd, &one, sizeof one, header->e_phoff + (uint64_t)i * sizeof one))
            return false;
        if (one.p_type == PT_INTERP)
            image->interpreter = one;
        else if (one.p_type == PT_DYNAMIC)
            image->dynamic = one;
        else if (one.p_type == PT_LOAD && !loaded) {
            loaded = true;
            image->bias = one.p_vaddr - one.p_offset;
        }
    }
    return true;
}

/* The name that a shared object gives itself; "": none. */
static void own_name(int fd, const struct image *image, char *name, size_t bytes)
{
    ElfW(Dyn) one;
    uint64_t strings = 0, at = 0;
    bool named = false;
    *name = 0;
    for (uint64_t i = 0; i < image->dynamic.p_filesz / sizeof one; i++) {
        if (!mt_os_read_at(fd, &one, sizeof one, image->dynamic.p_offset + i * sizeof one) ||
            one.d_tag == DT_NULL)
            break;
        if (one.d_tag == DT_STRTAB)
            strings = one.d_un.d_ptr - image->bias;
        else if (one.d_tag == DT_SONAME) {
            at = one.d_un.d_val;
            named = true;
        }
    }
    memset(name, 0, bytes);
    /* The file has more than these bytes behind the name: strings stand before code. */
    if (named && strings && !mt_os_read_at(fd, name, bytes - 1, strings + at))
        *name = 0;
}

static bool is_glibc_loader(const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    return !strncmp(name, "ld-linux", 8) || !strncmp(name, "ld64.so", 7) ||
           !strncmp(name, "ld-2.", 5) || !strncmp(name, "ld.so.", 6);
}

static bool read_header(int fd, ElfW(Ehdr) * header)
{
    return mt_os_read_at(fd, header, sizeof *header, 0) &&
           header->e_phentsize == sizeof(ElfW(Phdr));
}

/* The loader that a program asks for: glibc's? Its own name tells, whatever the file is called. */
static enum mt_untraced look_at_loader(const char *path)
{
    ElfW(Ehdr) header;
    struct image image;
    char name[24] = "";
    int fd = open_file(AT_FDCWD, path);
    if (fd < 0)
        return MT_TRACED; /* the kernel will say so */
    if (read_header(fd, &header) && read_image(fd, &header, &image) && image.dynamic.p_type)
        own_name(fd, &image, name, sizeof name);
    mt_os_close(fd);
    return is_glibc_loader(*name ? name : path) ? MT_TRACED : MT_UNTRACED_LIBC;
}

static enum mt_untraced look_at_elf(int fd, char *detail, size_t bytes)
{
    unsigned char identity[EI_NIDENT + 4];
    ElfW(Ehdr) header;
    struct image image;
    char name[24];
    uint16_t machine;
    if (!mt_os_read_at(fd, identity, sizeof identity, 0))
        return MT_TRACED;
    memcpy(&machine, identity + EI_NIDENT + 2, sizeof machine);
    if (identity[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
        identity[EI_DATA] != __ehdr_start.e_ident[EI_DATA] || machine != __ehdr_start.e_machine)
        return MT_UNTRACED_MACHINE;
    if (!read_header(fd, &header) || !read_image(fd, &header, &image))
        return MT_TRACED;
    if (image.interpreter.p_type) {
        size_t length = image.interpreter.p_filesz < bytes ? image.interpreter.p_filesz : bytes - 1;
        if (!mt_os_read_at(fd, detail, length, image.interpreter.p_offset))
            length = 0;
        detail[length] = 0;
        return *detail && length < bytes - 1 ? look_at_loader(detail) : MT_TRACED;
    }
    if (!image.dynamic.p_type)
        return MT_UNTRACED_STATIC;
    own_name(fd, &image, name, sizeof name);
    if (!*name)
        return MT_UNTRACED_STATIC; /* static-pie */
    return is_glibc_loader(name) ? MT_TRACED : MT_UNTRACED_LIBC;
}

/* Does exec give it rights that its caller lacks? Then the loader takes no preload. */
static bool is_privileged(int fd)
{
    char capabilities[24];
    struct stat info;
    uid_t user = (uid_t)syscall(SYS_geteuid);
    if (syscall(SYS_fstat, fd, &info) != 0)
        return false;
    return ((info.st_mode & S_ISUID) && info.st_uid != user) ||
           ((info.st_mode & S_ISGID) && (info.st_mode & S_IXGRP) &&
            info.st_gid != (gid_t)syscall(SYS_getegid)) ||
           (user != 0 && syscall(SYS_fgetxattr, fd, "security.capability", capabilities,
                                 sizeof capabilities) > 0);
}

/* "#! /path/to/interpreter argument": the path, in place; NULL: it is no script. */
static const char *interpreter_of(char line[LINE])
{
    if (line[0] != '#' || line[1] != '!')
        return NULL;
    char *path = line + 2 + strspn(line + 2, " \t");
    path[strcspn(path, " \t\r\n")] = 0;
    return *path ? path : NULL;
}

enum mt_untraced mt_exec_target(int folder, const char *path, char *detail, size_t bytes)
{
    char line[LINE];
    enum mt_untraced answer = MT_TRACED;
    int keep = errno;
    *detail = 0;
    for (unsigned depth = 0; path && depth <= SCRIPTS_DEEP; depth++, folder = AT_FDCWD) {
        int fd = open_file(folder, path);
        if (fd < 0)
            break;
        memset(line, 0, sizeof line);
        struct stat info;
        path = NULL;
        if (syscall(SYS_fstat, fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0111) &&
            syscall(SYS_pread64, fd, line, sizeof line - 1, 0l) > 0) {
            if (!memcmp(line, ELFMAG, SELFMAG))
                answer =
                    is_privileged(fd) ? MT_UNTRACED_PRIVILEGED : look_at_elf(fd, detail, bytes);
            else
                path = interpreter_of(line);
        }
        mt_os_close(fd);
    }
    if (answer != MT_UNTRACED_LIBC)
        *detail = 0;
    errno = keep;
    return answer;
}

enum mt_untraced mt_exec_target_found(const char *name, char *detail, size_t bytes)
{
    char candidate[512], room[8];
    const char *path = mt_os_variable("PATH", room, sizeof room);
    if (strchr(name, '/') || !*name)
        return mt_exec_target(AT_FDCWD, name, detail, bytes);
    *detail = 0;
    for (const char *p = path ? path : "/bin:/usr/bin"; p;) {
        size_t length = strcspn(p, ":");
        struct mt_str s = MT_STR(candidate);
        mt_str_add(&s, length ? p : ".", length ? length : 1);
        mt_str_add_z(&s, "/");
        mt_str_add_z(&s, name);
        if (!s.cut && syscall(SYS_faccessat, AT_FDCWD, candidate, X_OK) == 0)
            return mt_exec_target(AT_FDCWD, candidate, detail, bytes);
        p = p[length] ? p + length + 1 : NULL;
    }
    return MT_TRACED;
}
