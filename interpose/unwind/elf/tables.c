/* SPDX-License-Identifier: MIT
 *
 * ELF: loader/object.h knows the object, and the sorted table in .eh_frame_hdr the frame description entry (FDE). See the Linux
 * Standard Base, chapter "Exception Frames".
 */
#include <link.h>
#include <string.h>

#include "loader/object.h"
#include "unwind/cfi.h"

/* The program headers, which stand in the object's first page. NULL: there are none to be trusted. The page is there whole, though
 * the object may be said to end before it does: glibc's ends with the code, and a small program has all in one segment. */
static const ElfW(Phdr) * headers_of(const struct mt_object *object, unsigned *count)
{
    const ElfW(Ehdr) *elf = (const void *)object->begin;

    if (object->end <= object->begin || object->begin % 4096 != 0 ||
        memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_phentsize != sizeof(ElfW(Phdr)) ||
        elf->e_phoff % sizeof(uintptr_t) || elf->e_phoff > 4096 ||
        elf->e_phoff + elf->e_phnum * sizeof(ElfW(Phdr)) > 4096)
        return NULL;
    *count = elf->e_phnum;
    return (const void *)(object->begin + elf->e_phoff);
}

/* By the object's program headers. */
bool mt_cfi_segment(const struct mt_object *object, uintptr_t at, uintptr_t *low, uintptr_t *high)
{
    unsigned count = 0;
    const ElfW(Phdr) *p = headers_of(object, &count);

    for (const ElfW(Phdr) *end = p + count; p < end; p++) {
        *low = object->base + p->p_vaddr;
        *high = *low + p->p_filesz;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_R) && at - *low < p->p_filesz)
            return true;
    }
    return false;
}

/* An entry of the table: the code's place, or its FDE's (column 1), from the header. */
static int64_t entry_of(const uint8_t *table, uint64_t i, unsigned column)
{
    int32_t value;

    memcpy(&value, table + i * 8 + column * 4, sizeof value);
    return value;
}

/* The FDE that may cover `pc`, 0 if none: the table has it for the addresses [*from, *to). */
static uintptr_t search(struct mt_cfi_space *space, uintptr_t header, uintptr_t pc,
                        bool *unreadable, uintptr_t *from, uintptr_t *to)
{
    struct mt_cfi_reader r;
    int64_t wanted = (int64_t)(pc - header);
    uint64_t low = 0, high, count;

    *unreadable = true;
    if (!mt_cfi_look(space, header, &r))
        return 0;

    unsigned version = (unsigned)mt_cfi_fixed(&r, 1);
    unsigned frame_encoding = (unsigned)mt_cfi_fixed(&r, 1);
    unsigned count_encoding = (unsigned)mt_cfi_fixed(&r, 1);
    unsigned table_encoding = (unsigned)mt_cfi_fixed(&r, 1);

    if (version != 1 || frame_encoding == MT_CFI_ENC_OMIT || table_encoding != MT_CFI_ENC_TABLE)
        return 0;
    mt_cfi_encoded(&r, frame_encoding);
    high = mt_cfi_encoded(&r, count_encoding);
    if (r.bad || high > (size_t)(r.end - r.at) / 8)
        return 0;
    *unreadable = false;
    count = high;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (entry_of(r.at, middle, 0) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return 0;
    *from = header + (uintptr_t)entry_of(r.at, low - 1, 0);
    *to = low < count ? header + (uintptr_t)entry_of(r.at, low, 0) : UINTPTR_MAX;
    return header + (uintptr_t)entry_of(r.at, low - 1, 1);
}

enum mt_cfi_result mt_cfi_find(uintptr_t pc, bool others, struct mt_cfi_row *row)
{
    struct mt_object object;
    struct mt_cfi_space space;
    uintptr_t fde, from, to;
    bool unreadable;
    enum mt_cfi_result result;

    if (!mt_object_at(pc, &object))
        return MT_CFI_NO_OBJECT;
    if (!object.unwinding)
        return MT_CFI_NO_FRAME;
    space = (struct mt_cfi_space){.object = &object};
    fde = search(&space, (uintptr_t)object.unwinding, pc, &unreadable, &from, &to);
    if (!fde)
        return unreadable ? MT_CFI_UNREADABLE : MT_CFI_NO_FRAME;
    result = mt_cfi_row_of(&space, fde, pc, others, row);
    if (result == MT_CFI_FOUND) { /* another one's may overlap it */
        row->from = row->from < from ? from : row->from;
        row->to = row->to > to ? to : row->to;
    }
    return result;
}
