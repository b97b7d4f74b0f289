/* SPDX-License-Identifier: MIT */
#include "unwind/macho/compact.h"

#include <mach-o/compact_unwind_encoding.h>

uint32_t mt_compact_dwarf(uint32_t encoding)
{
    return (encoding & UNWIND_ARM64_MODE_MASK) == UNWIND_ARM64_MODE_DWARF
               ? encoding & UNWIND_ARM64_DWARF_SECTION_OFFSET
               : 0;
}

/* The pairs x19, x20 to x27, x28 that were saved: downwards from `offset`, the first one of a pair on top. */
static void pairs(uint32_t encoding, int64_t offset, struct mt_cfi_row *row)
{
    for (unsigned pair = 0; pair < 5; pair++) {
        if (!(encoding >> pair & 1)) /* UNWIND_ARM64_FRAME_X19_X20_PAIR and the next ones */
            continue;
        row->other[19 + 2 * pair] = (struct mt_cfi_place){MT_CFI_AT_CFA, 0, offset};
        row->other[20 + 2 * pair] = (struct mt_cfi_place){MT_CFI_AT_CFA, 0, offset - 8};
        offset -= 16;
    }
}

enum mt_cfi_result mt_compact_row(uint32_t encoding, struct mt_cfi_reader code, bool others,
                                  struct mt_cfi_row *row)
{
    (void)code;
    row->cfa = MT_CFI_CFA_REG;
    switch (encoding & UNWIND_ARM64_MODE_MASK) {
    case 0:
        return MT_CFI_NO_FRAME;
    case UNWIND_ARM64_MODE_FRAME:
        row->reg = MT_DW_FP;
        row->offset = 16;
        row->fp = (struct mt_cfi_place){MT_CFI_AT_CFA, 0, -16};
        row->ra = (struct mt_cfi_place){MT_CFI_AT_CFA, 0, -8};
        if (others)
            pairs(encoding, -24, row);
        return MT_CFI_FOUND;
    case UNWIND_ARM64_MODE_FRAMELESS: /* a leaf: the return address is still in its register */
        row->reg = MT_DW_SP;
        row->offset = 16 * (int64_t)((encoding & UNWIND_ARM64_FRAMELESS_STACK_SIZE_MASK) >> 12);
        if (others)
            pairs(encoding, -8, row);
        return MT_CFI_FOUND;
    default:
        return MT_CFI_UNREADABLE;
    }
}
