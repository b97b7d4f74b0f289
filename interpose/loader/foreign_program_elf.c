/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <link.h>
#include <string.h>

#include "loader/foreign_program.h"
#include "os/os.h"

/* This library's own ELF header. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* How the loaders of the libcs are called that this library knows: "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1". */
static const char *const loaders[] = {"ld-linux", "ld-musl-"};

#define LINE_BYTES 256u /* what the kernel reads of a script's first line */
#define DEEP       5u   /* interpreters of interpreters that it follows */
#define HEADERS    64u  /* program headers that are looked at */

static bool foreign_loader(int fd, const ElfW(Phdr) * header, char path[LINE_BYTES])
{
    size_t bytes = header->p_filesz;
    if (bytes < 2 || bytes >= LINE_BYTES || !mt_os_read_at(fd, path, bytes, header->p_offset))
        return false;
    path[bytes] = 0;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (unsigned i = 0; i < sizeof loaders / sizeof loaders[0]; i++)
        if (!strncmp(name, loaders[i], strlen(loaders[i])))
            return false;
    return true;
}

static bool foreign_elf(int fd, const ElfW(Ehdr) * elf, char room[LINE_BYTES])
{
    if (elf->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
        elf->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
        elf->e_machine != __ehdr_start.e_machine)
        return true;
    for (unsigned i = 0; i < elf->e_phnum && i < HEADERS; i++) {
        ElfW(Phdr) header;
        if (!mt_os_read_at(fd, &header, sizeof header, elf->e_phoff + i * sizeof header))
            return false;
        if (header.p_type == PT_INTERP)
            return foreign_loader(fd, &header, room);
    }
    return false; /* static, or a loader itself: nothing is preloaded, or by whom it is called to start */
}

/* The file of a script's interpreter, in place of the line; false: it is no script. */
static bool script_interpreter(char *line)
{
    if (line[0] != '#' || line[1] != '!')
        return false;
    size_t begin = 2 + strspn(line + 2, " \t");
    size_t length = strcspn(line + begin, " \t\n");
    memmove(line, line + begin, length);
    line[length] = 0;
    return length > 0;
}

/* What the file is: an ELF file, which is judged, or a script, whose interpreter is left in `line`; else `line` is empty. */
static bool judge(int fd, char line[LINE_BYTES])
{
    ElfW(Ehdr) elf;
    bool foreign = false;
    if (mt_os_read_at(fd, &elf, sizeof elf, 0) && !memcmp(elf.e_ident, ELFMAG, SELFMAG)) {
        foreign = foreign_elf(fd, &elf, line);
        line[0] = 0;
        return foreign;
    }
    ssize_t bytes = mt_os_read_some(fd, line, LINE_BYTES - 1);
    line[bytes > 0 ? bytes : 0] = 0;
    if (!script_interpreter(line))
        line[0] = 0;
    return false;
}

static bool judge_all(int fd, bool ours)
{
    char line[LINE_BYTES];
    bool foreign = false;
    for (unsigned deep = 0; deep < DEEP && fd >= 0; deep++) {
        foreign = judge(fd, line);
        if (ours)
            mt_os_close(fd);
        fd = line[0] ? mt_os_open_program(-1, line) : -1;
        ours = true;
    }
    if (ours && fd >= 0)
        mt_os_close(fd);
    return foreign;
}

bool mt_program_foreign(int folder, const char *path)
{
    return judge_all(mt_os_open_program(folder, path), true);
}

bool mt_program_foreign_file(int fd)
{
    return judge_all(fd, false);
}
