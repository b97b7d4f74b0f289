/* SPDX-License-Identifier: MIT
 *
 * .eh_frame: loader/object.h knows the object, the sorted table in .eh_frame_hdr the frame
 * description entry (FDE), and the entry's program leads to the wanted pc. See the Linux Standard
 * Base, chapter "Exception Frames", and DWARF 4, section 6.4.
 *
 * The object stays mapped while it is read: its code is on the stack of the thread that asks.
 */
#include "unwind/cfi.h"

#include <string.h>

#include "loader/object.h"
#include "unwind/arch.h"
#include "unwind/cfi_program.h"
#include "unwind/cfi_reader.h"

/* A reader of the CIE or FDE at `at`, of what follows its length. False: there is none. */
static bool entry(const uint8_t *at, struct mt_cfi_reader *body)
{
    uint32_t length;

    memcpy(&length, at, 4);
    if (length == 0 ||
        length == 0xffffffffu) /* the end; the 64-bit form, which nobody uses in .eh_frame */
        return false;
    body->at = at + 4;
    body->end = body->at + length;
    body->bad = false;
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
    const uint8_t *after = r->at + bytes;

    if (bytes > (size_t)(r->end - r->at))
        return false;
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

static bool read_cie(const uint8_t *at, struct mt_cfi_cie *cie)
{
    struct mt_cfi_reader r;
    unsigned version;
    const char *letters;

    memset(cie, 0, sizeof *cie);
    if (!entry(at, &r) || mt_cfi_fixed(&r, 4) != 0)
        return false;
    version = (unsigned)mt_cfi_fixed(&r, 1);
    letters = (const char *)r.at;
    while (mt_cfi_fixed(&r, 1) != 0)
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

/* The FDE that may cover `pc`, NULL if none. */
static const uint8_t *search(const uint8_t *header, uintptr_t pc, bool *unreadable)
{
    struct mt_cfi_reader r = {header, header + 16, false};
    unsigned version = (unsigned)mt_cfi_fixed(&r, 1);
    unsigned frame_encoding = (unsigned)mt_cfi_fixed(&r, 1);
    unsigned count_encoding = (unsigned)mt_cfi_fixed(&r, 1);
    unsigned table_encoding = (unsigned)mt_cfi_fixed(&r, 1);
    int64_t wanted = (int64_t)(pc - (uintptr_t)header);
    uint64_t low = 0, high;
    const int32_t(*table)[2];

    *unreadable = true;
    if (version != 1 || frame_encoding == MT_CFI_ENC_OMIT || table_encoding != MT_CFI_ENC_TABLE)
        return NULL;
    mt_cfi_encoded(&r, frame_encoding);
    high = mt_cfi_encoded(&r, count_encoding);
    if (r.bad)
        return NULL;
    *unreadable = false;
    table = (const int32_t(*)[2])(const void *)r.at;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (table[middle][0] <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? header + table[low - 1][1] : NULL;
}

static enum mt_cfi_result row_of(const uint8_t *fde, uintptr_t pc, struct mt_cfi_row *row)
{
    struct mt_cfi_reader r;
    struct mt_cfi_cie cie;
    uintptr_t begin, bytes;
    const uint8_t *id;

    if (!entry(fde, &r))
        return MT_CFI_UNREADABLE;
    id = r.at;
    if (!read_cie(id - (uint32_t)mt_cfi_fixed(&r, 4), &cie))
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
    if (!mt_cfi_row_at(&cie, r, begin, pc, row))
        return MT_CFI_UNREADABLE;
    return MT_CFI_FOUND;
}

enum mt_cfi_result mt_cfi_find(uintptr_t pc, struct mt_cfi_row *row)
{
    struct mt_object object;
    const uint8_t *fde;
    bool unreadable;

    if (!mt_object_at(pc, &object))
        return MT_CFI_NO_OBJECT;
    if (!object.unwinding)
        return MT_CFI_NO_FRAME;
    fde = search(object.unwinding, pc, &unreadable);
    if (!fde)
        return unreadable ? MT_CFI_UNREADABLE : MT_CFI_NO_FRAME;
    return row_of(fde, pc, row);
}
