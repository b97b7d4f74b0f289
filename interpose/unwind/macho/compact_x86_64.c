/* SPDX-License-Identifier: MIT */
#include "unwind/macho/compact.h"

#include <mach-o/compact_unwind_encoding.h>
#include <string.h>

#define FIELD(encoding, mask) (((encoding) & (mask)) / ((mask) & -(mask)))

/* The registers as they are numbered here, by DWARF's numbers. */
static const uint8_t dwarf[] = {0, 3, 12, 13, 14, 15, MT_DW_FP}; /* none, rbx, r12 to r15, rbp */

uint32_t mt_compact_dwarf(uint32_t encoding)
{
    return (encoding & UNWIND_X86_64_MODE_MASK) == UNWIND_X86_64_MODE_DWARF
               ? encoding & UNWIND_X86_64_DWARF_SECTION_OFFSET
               : 0;
}

static void saved(struct mt_cfi_row *row, bool others, unsigned number, int64_t offset)
{
    struct mt_cfi_place place = {MT_CFI_AT_CFA, 0, offset};

    if (dwarf[number] == MT_DW_FP)
        row->fp = place;
    else if (others && number)
        row->other[dwarf[number]] = place;
}

/* A frame pointer: the registers stand below it, in this order from the lowest on. */
static enum mt_cfi_result by_frame(uint32_t encoding, bool others, struct mt_cfi_row *row)
{
    uint32_t registers = FIELD(encoding, UNWIND_X86_64_RBP_FRAME_REGISTERS);
    int64_t offset = -16 - 8 * (int64_t)FIELD(encoding, UNWIND_X86_64_RBP_FRAME_OFFSET);

    row->reg = MT_DW_FP;
    row->offset = 16;
    row->fp = (struct mt_cfi_place){MT_CFI_AT_CFA, 0, -16};
    for (; registers; registers >>= 3, offset += 8) {
        if ((registers & 7) >= MT_DW_FP)
            return MT_CFI_UNREADABLE;
        saved(row, others, registers & 7, offset);
    }
    return MT_CFI_FOUND;
}

/* Which registers were pushed, the last one first: a Lehmer code, whose digit i has 6 - i values. False: damaged. */
static bool order_of(uint32_t permutation, unsigned count, uint8_t order[6])
{
    bool used[7] = {true};
    uint32_t digit[6];

    if (count > 6)
        return false;
    for (unsigned i = count; i-- > 0; permutation /= 6 - i)
        digit[i] = permutation % (6 - i);
    for (unsigned i = 0; i < count; i++) {
        unsigned reg = 1;
        for (uint32_t skip = digit[i]; reg < 7 && (used[reg] || skip--); reg++)
            continue;
        if (reg == 7)
            return false;
        used[reg] = true;
        order[i] = (uint8_t)reg;
    }
    return true;
}

/* The stack pointer plus `bytes`; below the return address the registers that were pushed. */
static enum mt_cfi_result by_stack(uint32_t encoding, uint64_t bytes, bool others,
                                   struct mt_cfi_row *row)
{
    unsigned count = FIELD(encoding, UNWIND_X86_64_FRAMELESS_STACK_REG_COUNT);
    uint8_t order[6];

    if (!order_of(FIELD(encoding, UNWIND_X86_64_FRAMELESS_STACK_REG_PERMUTATION), count, order) ||
        bytes < 8 * (count + 1) || bytes % 8)
        return MT_CFI_UNREADABLE;
    row->reg = MT_DW_SP;
    row->offset = (int64_t)bytes;
    for (unsigned i = 0; i < count; i++)
        saved(row, others, order[i], -8 * ((int64_t)count + 1 - i));
    return MT_CFI_FOUND;
}

enum mt_cfi_result mt_compact_row(uint32_t encoding, struct mt_cfi_reader code, bool others,
                                  struct mt_cfi_row *row)
{
    uint32_t size = FIELD(encoding, UNWIND_X86_64_FRAMELESS_STACK_SIZE);

    row->cfa = MT_CFI_CFA_REG;
    row->ra = (struct mt_cfi_place){MT_CFI_AT_CFA, 0, -8};
    switch (encoding & UNWIND_X86_64_MODE_MASK) {
    case 0:
        return MT_CFI_NO_FRAME;
    case UNWIND_X86_64_MODE_RBP_FRAME:
        return by_frame(encoding, others, row);
    case UNWIND_X86_64_MODE_STACK_IMMD:
        return by_stack(encoding, 8u * (uint64_t)size, others, row);
    case UNWIND_X86_64_MODE_STACK_IND: /* the size is in the instruction that makes the frame */
        if ((size_t)(code.end - code.at) < size)
            return MT_CFI_UNREADABLE;
        code.at += size;
        uint64_t bytes = mt_cfi_fixed(&code, 4);
        bytes += 8u * (uint64_t)FIELD(encoding, UNWIND_X86_64_FRAMELESS_STACK_ADJUST);
        return code.bad ? MT_CFI_UNREADABLE : by_stack(encoding, bytes, others, row);
    default:
        return MT_CFI_UNREADABLE;
    }
}
