/* SPDX-License-Identifier: MIT
 *
 * aarch64: how a rule is laid out, and made from call frame information.
 */
#ifndef MT_UNWIND_RULE_LAYOUT_AARCH64_H
#define MT_UNWIND_RULE_LAYOUT_AARCH64_H

#include "unwind/arch.h"
#include "unwind/cfi_row.h"

/* A rule: the kind in bits 0..2, the canonical frame address's offset in words (n) in bits 3..16,
 * the place of the saved registers in bits 17..22. The place is counted in words from the frame's
 * bottom or, with bit 23, down from the frame address. With bit 24 it is x30's alone, else that of
 * x29 and x30 in this order. */
#define MT_ARCH_RULE(kind, n, slot, top, alone)                                                    \
    ((uint32_t)(kind) | (uint32_t)(n) << 3 | (uint32_t)(slot) << 17 | (uint32_t)(top) << 23 |      \
     (uint32_t)(alone) << 24)
#define MT_ARCH_RULE_N(rule) ((rule) >> 3 & 0x3fffu)
#define MT_ARCH_RULE_SLOT(rule)                                                                    \
    ((rule) >> 23 & 1 ? (rule) >> 17 & 63u : MT_ARCH_RULE_N(rule) - ((rule) >> 17 & 63u))
#define MT_ARCH_RULE_FP(rule) ((rule) >> 24 & 1 ? 0 : MT_ARCH_RULE_SLOT(rule))
#define MT_ARCH_RULE_RA(rule)                                                                      \
    ((rule) >> 24 & 1 ? MT_ARCH_RULE_SLOT(rule) : MT_ARCH_RULE_SLOT(rule) - 1)
#define MT_ARCH_N_MAX    0x3fff
#define MT_ARCH_SLOT_MAX 63

/* The description is of the frame record that the kernel adds, which has no pc. The code tells, not
 * the description. */
static inline bool mt_arch_is_signal(const struct mt_cfi_row *row)
{
    (void)row;
    return false;
}

/* The rule that says the same as `row`, or MT_RULE_SLOW. */
static inline uint32_t mt_arch_rule(const struct mt_cfi_row *row)
{
    bool pair = row->fp.where == MT_CFI_AT_CFA;
    int64_t n = row->offset / 8;
    int64_t slot;
    unsigned kind = row->reg == MT_DW_SP ? MT_RULE_SP : MT_RULE_FP;

    if (row->ra.where == MT_CFI_UNDEFINED)
        return MT_RULE_END;
    if (row->signal || row->cfa != MT_CFI_CFA_REG || row->ra.where != MT_CFI_AT_CFA ||
        (!pair && row->fp.where != MT_CFI_SAME) || row->offset <= 0 || row->offset % 8 ||
        n > MT_ARCH_N_MAX || (row->reg != MT_DW_SP && row->reg != MT_DW_FP))
        return MT_RULE_SLOW;
    slot = -(pair ? row->fp.offset : row->ra.offset);
    if (slot <= 0 || slot % 8 || slot > row->offset ||
        (pair && row->ra.offset != row->fp.offset + 8))
        return MT_RULE_SLOW;
    slot /= 8;
    if (n - slot <= MT_ARCH_SLOT_MAX)
        return MT_ARCH_RULE(kind, n, n - slot, 0, !pair);
    return slot <= MT_ARCH_SLOT_MAX ? MT_ARCH_RULE(kind, n, slot, 1, !pair) : MT_RULE_SLOW;
}

#define MT_ARCH_PLT_RULE MT_RULE_SLOW

#endif
