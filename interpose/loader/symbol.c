/* SPDX-License-Identifier: MIT */
#include "loader/symbol.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "os/os.h"

#define TABLE_MAX (256u << 20) /* bytes of a table; nothing sensible is bigger */

/* A piece of the file in memory of its own, with a zero byte behind it. */
struct part {
    char *at;
    size_t bytes;
};

static bool part_read(struct part *part, int fd, uint64_t offset, uint64_t bytes)
{
    part->at = bytes > 0 && bytes < TABLE_MAX ? mt_os_map(bytes + 1) : NULL;
    part->bytes = bytes;
    if (part->at && !mt_os_read_at(fd, part->at, bytes, offset)) {
        mt_os_unmap(part->at, bytes + 1);
        part->at = NULL;
    }
    return part->at != NULL;
}

static void part_drop(struct part *part)
{
    if (part->at)
        mt_os_unmap(part->at, part->bytes + 1);
}

static bool is_named(const struct part *names, uint32_t offset, const char *name)
{
    size_t length = strlen(name);

    if (offset >= names->bytes)
        return false;
    return strncmp(names->at + offset, name, length) == 0 &&
           (names->at[offset + length] == '\0' || names->at[offset + length] == '.');
}

static bool find_in(const struct part *symbols, const struct part *names, const char *name,
                    uintptr_t *begin, uintptr_t *end)
{
    const ElfW(Sym) *symbol = (const ElfW(Sym) *)symbols->at;

    for (size_t i = 0; i < symbols->bytes / sizeof *symbol; i++) {
        if ((symbol[i].st_info & 15) != STT_FUNC || !symbol[i].st_size ||
            !is_named(names, symbol[i].st_name, name))
            continue;
        *begin = symbol[i].st_value;
        *end = symbol[i].st_value + symbol[i].st_size;
        return true;
    }
    return false;
}

static bool find_in_file(int fd, const char *name, uintptr_t *begin, uintptr_t *end)
{
    struct part head = {0}, sections = {0}, symbols = {0}, names = {0};
    const ElfW(Ehdr) * ehdr;
    const ElfW(Shdr) * section;
    bool found = false;

    if (!part_read(&head, fd, 0, sizeof *ehdr))
        return false;
    ehdr = (const ElfW(Ehdr) *)head.at;
    if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) == 0 && ehdr->e_shentsize == sizeof *section &&
        part_read(&sections, fd, ehdr->e_shoff, (uint64_t)ehdr->e_shnum * sizeof *section)) {
        section = (const ElfW(Shdr) *)sections.at;
        for (unsigned i = 0; i < ehdr->e_shnum; i++) {
            if (section[i].sh_type != SHT_SYMTAB || section[i].sh_link >= ehdr->e_shnum)
                continue;
            found = part_read(&symbols, fd, section[i].sh_offset, section[i].sh_size) &&
                    part_read(&names, fd, section[section[i].sh_link].sh_offset,
                              section[section[i].sh_link].sh_size) &&
                    find_in(&symbols, &names, name, begin, end);
            break; /* there is one at most */
        }
    }
    part_drop(&names);
    part_drop(&symbols);
    part_drop(&sections);
    part_drop(&head);
    return found;
}

bool mt_symbol_in_file(const char *path, const char *name, uintptr_t *begin, uintptr_t *end)
{
    int fd = mt_os_open_read(path);
    bool found;

    if (fd < 0)
        return false;
    found = find_in_file(fd, name, begin, end);
    mt_os_close(fd);
    return found;
}
