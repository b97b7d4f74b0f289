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

#define HEADERS 64u /* program headers that are looked at */

static bool foreign_loader(int fd, const ElfW(Phdr) * header, char path[MT_PROGRAM_LINE])
{
    size_t bytes = header->p_filesz;
    if (bytes < 2 || bytes >= MT_PROGRAM_LINE || !mt_os_read_at(fd, path, bytes, header->p_offset))
        return false;
    path[bytes] = 0;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (unsigned i = 0; i < sizeof loaders / sizeof loaders[0]; i++)
        if (!strncmp(name, loaders[i], strlen(loaders[i])))
            return false;
    return true;
}

static bool foreign_elf(int fd, const ElfW(Ehdr) * elf, char room[MT_PROGRAM_LINE])
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

bool mt_program_judge(int fd, char room[MT_PROGRAM_LINE], bool *foreign)
{
    ElfW(Ehdr) elf;
    if (!mt_os_read_at(fd, &elf, sizeof elf, 0) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    *foreign = foreign_elf(fd, &elf, room);
    return true;
}
