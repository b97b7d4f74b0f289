/* SPDX-License-Identifier: MIT */
#include "loader/build_id.h"

#include <elf.h>
#include <link.h>
#include <string.h>

/* The NT_GNU_BUILD_ID note of an object in memory: its ELF header stands where its first segment
 * begins, and notes belong to a loaded segment. Nothing outside [start, end) is read. */
uint32_t mt_build_id(const struct mt_object *object, uint8_t id[MT_BUILD_ID_MOST])
{
    const ElfW(Ehdr) *ehdr = (const ElfW(Ehdr) *)object->begin;
    if (object->end - object->begin < sizeof *ehdr || memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0)
        return 0;
    if (ehdr->e_phoff + (uint64_t)ehdr->e_phnum * sizeof(ElfW(Phdr)) > 4096)
        return 0;
    const ElfW(Phdr) *phdr = (const ElfW(Phdr) *)(object->begin + ehdr->e_phoff);
    for (unsigned i = 0; i < ehdr->e_phnum; i++) {
        uintptr_t at = object->base + phdr[i].p_vaddr, end = at + phdr[i].p_memsz;
        if (phdr[i].p_type != PT_NOTE || at < object->begin || end > object->end || end < at)
            continue;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            uintptr_t name = at + sizeof *note, desc = name + ((note->n_namesz + 3u) & ~3u);
            if (desc + note->n_descsz > end)
                break;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
                !memcmp((char *)name, "GNU", 4) && note->n_descsz <= MT_BUILD_ID_MOST) {
                memcpy(id, (void *)desc, note->n_descsz);
                return note->n_descsz;
            }
            at = desc + ((note->n_descsz + 3u) & ~3u);
        }
    }
    return 0;
}
