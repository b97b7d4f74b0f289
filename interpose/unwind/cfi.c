/* SPDX-License-Identifier: MIT
 *
 * .eh_frame: loader/object.h knows the object, the sorted table in .eh_frame_hdr the frame
 * description entry (FDE), and the entry's program leads to the wanted pc. See the Linux Standard
 * Base, chapter "Exception Frames", and DWARF 4, section 6.4.
 *
 * The object stays mapped while it is read: its code is on the stack of the thread that asks.
 */
#include "unwind/cfi.h"

#include <link.h>
#include <stdatomic.h>
#include <string.h>

#include "loader/object.h"
#include "unwind/arch.h"
#include "unwind/bounds.h"
#include "unwind/cfi_program.h"
#include "unwind/cfi_reader.h"

/* The object whose tables are read. They may be damaged: nothing is read but what lies in one of its segments. */
struct space {
    const struct mt_object *object;
    uintptr_t low,
        high; /* the segment that was found last, all of which can be read; empty: none */
};

/* Segments that were found whole, until something is unloaded: most of what is asked for lies in few of them, and to look one up
 * takes a system call. A word has the segment's pages: the first one's number, and how many, so that it can be read without a lock. */
#define WHOLE_BITS      6
#define WHOLE_COUNT     28
#define WHOLE_PAGE      4096u
#define WHOLE_PAGES_MAX (((uint64_t)1 << WHOLE_COUNT) - 1)

static _Atomic uint64_t whole[1u << WHOLE_BITS];

static _Atomic uint64_t *whole_at(uintptr_t at)
{
    return &whole[(at / WHOLE_PAGE * 0x9e3779b97f4a7c15u) >> (64 - WHOLE_BITS)];
}

static bool recall_whole(struct space *space, uintptr_t at)
{
    uint64_t word = atomic_load_explicit(whole_at(at), memory_order_relaxed);
    uintptr_t low = (word >> WHOLE_COUNT) * WHOLE_PAGE,
              bytes = (word & WHOLE_PAGES_MAX) * WHOLE_PAGE;

    if (at - low >= bytes)
        return false;
    space->low = low;
    space->high = low + bytes;
    return true;
}

static void note_whole(const struct space *space, uintptr_t at)
{
    uint64_t first = space->low / WHOLE_PAGE, last = (space->high - 1) / WHOLE_PAGE;

    if (first >> (64 - WHOLE_COUNT) == 0 && last - first < WHOLE_PAGES_MAX)
        atomic_store_explicit(whole_at(at), first << WHOLE_COUNT | (last - first + 1),
                              memory_order_relaxed);
}

void mt_cfi_forget(void)
{
    for (unsigned i = 0; i < 1u << WHOLE_BITS; i++)
        atomic_store_explicit(&whole[i], 0, memory_order_relaxed);
}

/* The program headers, which stand in the object's first page. NULL: there are none to be trusted. */
static const ElfW(Phdr) * headers_of(const struct mt_object *object, unsigned *count)
{
    const ElfW(Ehdr) *elf = (const void *)object->begin;

    if (object->end - object->begin < 4096 || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
        elf->e_phentsize != sizeof(ElfW(Phdr)) || elf->e_phoff % sizeof(uintptr_t) ||
        elf->e_phoff > 4096 || elf->e_phoff + elf->e_phnum * sizeof(ElfW(Phdr)) > 4096)
        return NULL;
    *count = elf->e_phnum;
    return (const void *)(object->begin + elf->e_phoff);
}

/* A file that was truncated lacks the last pages of its segments. */
static bool is_whole(uintptr_t low, uintptr_t high)
{
    return low < high && mt_bounds_there(high - 1);
}

/* The segment that has `at`, by the object's headers. False: none, or it is not whole. */
static bool find_segment(struct space *space, uintptr_t at)
{
    unsigned count = 0;
    const ElfW(Phdr) *p = headers_of(space->object, &count);

    for (const ElfW(Phdr) *end = p + count; p < end; p++) {
        uintptr_t low = space->object->base + p->p_vaddr;

        if (p->p_type != PT_LOAD || !(p->p_flags & PF_R) || at - low >= p->p_filesz)
            continue;
        if (!is_whole(low, low + p->p_filesz))
            return false;
        space->low = low;
        space->high = low + p->p_filesz;
        note_whole(space, at);
        return true;
    }
    return false;
}

/* A reader of what lies at `at`, up to the end of the segment. False: it is in none. */
static bool look(struct space *space, uintptr_t at, struct mt_cfi_reader *r)
{
    if (at - space->low >= space->high - space->low && !recall_whole(space, at) &&
        !find_segment(space, at))
        return false;
    *r = (struct mt_cfi_reader){(const uint8_t *)at, (const uint8_t *)space->high, false};
    return true;
}

/* A reader of the CIE or FDE at `at`, of what follows its length. False: there is none. */
static bool entry(struct space *space, uintptr_t at, struct mt_cfi_reader *body)
{
    uint64_t length;

    if (!look(space, at, body))
        return false;
    length = mt_cfi_fixed(body, 4);
    if (body->bad || length == 0 || length > (size_t)(body->end - body->at))
        return false; /* the end; or the 64-bit form, which nobody uses in .eh_frame */
    body->end = body->at + length;
    return true;
}

/* The augmentation string's letters and their data. False: a letter is unknown. */
static bool read_augmentation(struct mt_cfi_cie *cie, const char *letters, struct mt_cfi_reader *r)
{
    if (*letters == '\0')
        return true;
    if (*letters++ != 'z')
        return false;
    cie->augmented = true;

    uint64_t bytes = mt_cfi_uleb(r);
    const uint8_t *after;

    if (bytes > (size_t)(r->end - r->at))
        return false;
    after = r->at + bytes;
    for (; *letters; letters++) {
        if (*letters == 'R') {
            cie->encoding = (unsigned)mt_cfi_fixed(r, 1);
        } else if (*letters == 'L') {
            mt_cfi_fixed(r, 1);
        } else if (*letters == 'P') {
            unsigned encoding = (unsigned)mt_cfi_fixed(r, 1);

            /* Skipped. Only its size counts, so the indirect and relative flags don't matter. */
            mt_cfi_encoded(r, encoding & 0x0f);
        } else if (*letters == 'S') {
            cie->signal = true;
        } else if (*letters != 'B') {
            return false;
        }
    }
    r->at = after;
    return !r->bad;
}

static bool read_cie(struct space *space, uintptr_t at, struct mt_cfi_cie *cie)
{
    struct mt_cfi_reader r;
    unsigned version;
    const char *letters;

    memset(cie, 0, sizeof *cie);
    if (!entry(space, at, &r) || mt_cfi_fixed(&r, 4) != 0)
        return false;
    version = (unsigned)mt_cfi_fixed(&r, 1);
    letters = (const char *)r.at;
    while (mt_cfi_fixed(&r, 1) != 0) /* past the end there are zeros */
        continue;
    if (r.bad || (version != 1 && version != 3))
        return false;
    cie->encoding = MT_CFI_ENC_ABSPTR;
    cie->code_align = mt_cfi_uleb(&r);
    cie->data_align = mt_cfi_sleb(&r);
    cie->ra = version == 1 ? (unsigned)mt_cfi_fixed(&r, 1) : (unsigned)mt_cfi_uleb(&r);
    if (!read_augmentation(cie, letters, &r) || cie->ra != MT_DW_RA)
        return false;
    cie->program = r;
    return !r.bad;
}

/* An entry of the table: the code's place, or its FDE's (column 1), from the header. */
static int64_t entry_of(const uint8_t *table, uint64_t i, unsigned column)
{
    int32_t value;

    memcpy(&value, table + i * 8 + column * 4, sizeof value);
    return value;
}

/* The FDE that may cover `pc`, 0 if none. */
static uintptr_t search(struct space *space, uintptr_t header, uintptr_t pc, bool *unreadable)
{
    struct mt_cfi_reader r;
    int64_t wanted = (int64_t)(pc - header);
    uint64_t low = 0, high;

    *unreadable = true;
    if (!look(space, header, &r))
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
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (entry_of(r.at, middle, 0) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? header + (uintptr_t)entry_of(r.at, low - 1, 1) : 0;
}

static enum mt_cfi_result row_of(struct space *space, uintptr_t fde, uintptr_t pc, bool others,
                                 struct mt_cfi_row *row)
{
    struct mt_cfi_reader r;
    struct mt_cfi_cie cie;
    uintptr_t begin, bytes, id;

    if (!entry(space, fde, &r))
        return MT_CFI_UNREADABLE;
    id = (uintptr_t)r.at;
    if (!read_cie(space, id - (uint32_t)mt_cfi_fixed(&r, 4), &cie))
        return MT_CFI_UNREADABLE;
    begin = mt_cfi_encoded(&r, cie.encoding);
    bytes = mt_cfi_encoded(&r, cie.encoding & 0x0f);
    if (cie.augmented) {
        uint64_t skip = mt_cfi_uleb(&r);

        if (skip > (size_t)(r.end - r.at))
            return MT_CFI_UNREADABLE;
        r.at += skip;
    }
    if (r.bad)
        return MT_CFI_UNREADABLE;
    if (pc < begin || pc - begin >= bytes)
        return MT_CFI_NO_FRAME;
    if (!mt_cfi_row_at(&cie, r, begin, pc, others, row))
        return MT_CFI_UNREADABLE;
    return MT_CFI_FOUND;
}

enum mt_cfi_result mt_cfi_find(uintptr_t pc, bool others, struct mt_cfi_row *row)
{
    struct mt_object object;
    struct space space;
    uintptr_t fde;
    bool unreadable;

    if (!mt_object_at(pc, &object))
        return MT_CFI_NO_OBJECT;
    if (!object.unwinding)
        return MT_CFI_NO_FRAME;
    space = (struct space){.object = &object};
    fde = search(&space, (uintptr_t)object.unwinding, pc, &unreadable);
    if (!fde)
        return unreadable ? MT_CFI_UNREADABLE : MT_CFI_NO_FRAME;
    return row_of(&space, fde, pc, others, row);
}
