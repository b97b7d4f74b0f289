/* SPDX-License-Identifier: MIT
 *
 * The entries of .eh_frame, which ELF and Mach-O have alike: a frame description entry (FDE), and what several of them have in
 * common (CIE); their programs lead to the wanted pc. See the Linux Standard Base, chapter "Exception Frames", and DWARF 4, section
 * 6.4. Where an object has them: elf/tables.c, macho/tables.c.
 *
 * The object stays mapped while it is read: its code is on the stack of the thread that asks.
 */
#include "unwind/cfi.h"

#include <stdatomic.h>
#include <string.h>

#include "loader/object.h"
#include "unwind/arch.h"
#include "unwind/bounds.h"
#include "unwind/cfi_program.h"

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

static bool recall_whole(struct mt_cfi_space *space, uintptr_t at)
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

static void note_whole(const struct mt_cfi_space *space, uintptr_t at)
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
    mt_cfi_program_forget();
}

/* A file that was truncated lacks the last pages of its segments. */
static bool is_whole(uintptr_t low, uintptr_t high)
{
    return low < high && mt_bounds_there(high - 1);
}

/* The segment that has `at`. False: none, or it is not whole. */
static bool find_segment(struct mt_cfi_space *space, uintptr_t at)
{
    uintptr_t low, high;

    if (!mt_cfi_segment(space->object, at, &low, &high) || !is_whole(low, high))
        return false;
    space->low = low;
    space->high = high;
    note_whole(space, at);
    return true;
}

bool mt_cfi_look(struct mt_cfi_space *space, uintptr_t at, struct mt_cfi_reader *r)
{
    if (at - space->low >= space->high - space->low && !recall_whole(space, at) &&
        !find_segment(space, at))
        return false;
    *r = (struct mt_cfi_reader){(const uint8_t *)at, (const uint8_t *)space->high, false};
    return true;
}

/* A reader of the CIE or FDE at `at`, of what follows its length. False: there is none. */
static bool entry(struct mt_cfi_space *space, uintptr_t at, struct mt_cfi_reader *body)
{
    uint64_t length;

    if (!mt_cfi_look(space, at, body))
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

static bool read_cie(struct mt_cfi_space *space, uintptr_t at, struct mt_cfi_cie *cie)
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

enum mt_cfi_result mt_cfi_row_of(struct mt_cfi_space *space, uintptr_t fde, uintptr_t pc,
                                 bool others, struct mt_cfi_row *row)
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
    if (!mt_cfi_row_at(&cie, r, begin, begin + bytes, pc, others, row))
        return MT_CFI_UNREADABLE;
    return MT_CFI_FOUND;
}
