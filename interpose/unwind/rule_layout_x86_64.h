/* SPDX-License-Identifier: MIT
 *
 * x86_64: how a rule is laid out, and made from call frame information.
 */
#ifndef MT_UNWIND_RULE_LAYOUT_X86_64_H
#define MT_UNWIND_RULE_LAYOUT_X86_64_H

#include "unwind/arch.h"
#include "unwind/cfi_row.h"

/* A rule: the kind in bits 0..2, the canonical frame address's offset in words in bits 3..18, the
 * words from there down to the saved frame pointer in bits 19..24 (0: not saved). The return
 * address is the first word below the frame address. */
#define MT_ARCH_RULE(kind, n, fp) ((uint32_t)(kind) | (uint32_t)(n) << 3 | (uint32_t)(fp) << 19)
#define MT_ARCH_RULE_N(rule)      ((rule) >> 3 & 0xffffu)
#define MT_ARCH_RULE_FP(rule)     ((rule) >> 19 & 63u)
#define MT_ARCH_RULE_RA(rule)     1u
#define MT_ARCH_N_MAX             0xffff
#define MT_ARCH_FP_MAX            63

/* The kernel's signal frame, as the C library describes it. */
static inline bool mt_arch_is_signal(const struct mt_cfi_row *row)
{
    return row->signal && row->cfa == MT_CFI_CFA_DEREF && row->reg == MT_DW_SP &&
           row->offset == MT_ARCH_SIGNAL_SP && row->ra.where == MT_CFI_AT_REG &&
           row->ra.reg == MT_DW_SP && row->ra.offset == MT_ARCH_SIGNAL_PC &&
           row->fp.where == MT_CFI_AT_REG && row->fp.reg == MT_DW_SP &&
           row->fp.offset == MT_ARCH_SIGNAL_FP;
}

/* A function that realigned its stack and keeps the frame address in memory: in the word at the
 * frame pointer minus 8 n, with the caller's frame pointer at the frame pointer. */
static inline uint32_t mt_arch_realigned(const struct mt_cfi_row *row)
{
    if (row->signal || row->reg != MT_DW_FP || row->fp.where != MT_CFI_AT_REG ||
        row->fp.reg != MT_DW_FP || row->fp.offset != 0 || row->offset >= 0 || row->offset % 8 ||
        -row->offset / 8 > MT_ARCH_N_MAX || row->ra.where != MT_CFI_AT_CFA || row->ra.offset != -8)
        return MT_RULE_SLOW;
    return MT_ARCH_RULE(MT_RULE_REALIGNED, -row->offset / 8, 0);
}

/* The rule that says the same as `row`, or MT_RULE_SLOW. */
static inline uint32_t mt_arch_rule(const struct mt_cfi_row *row)
{
    int64_t fp = 0;

    if (row->ra.where == MT_CFI_UNDEFINED)
        return MT_RULE_END;
    if (mt_arch_is_signal(row))
        return MT_RULE_SIGNAL;
    if (row->cfa == MT_CFI_CFA_DEREF)
        return mt_arch_realigned(row);
    if (row->signal || row->cfa != MT_CFI_CFA_REG || row->ra.where != MT_CFI_AT_CFA ||
        row->ra.offset != -8 || row->offset <= 0 || row->offset % 8 ||
        row->offset / 8 > MT_ARCH_N_MAX)
        return MT_RULE_SLOW;
    if (row->fp.where == MT_CFI_AT_CFA)
        fp = -row->fp.offset;
    if ((row->fp.where != MT_CFI_SAME && row->fp.where != MT_CFI_AT_CFA) || fp < 0 || fp % 8 ||
        fp / 8 > MT_ARCH_FP_MAX ||
        fp > row->offset + (row->reg == MT_DW_FP ? 8 * MT_ARCH_FP_MAX : 0) ||
        (row->fp.where == MT_CFI_AT_CFA && fp < 16))
        return MT_RULE_SLOW;
    if (row->reg == MT_DW_SP)
        return MT_ARCH_RULE(MT_RULE_SP, row->offset / 8, fp / 8);
    return row->reg == MT_DW_FP ? MT_ARCH_RULE(MT_RULE_FP, row->offset / 8, fp / 8) : MT_RULE_SLOW;
}

#define MT_ARCH_PLT_RULE MT_ARCH_RULE(MT_RULE_SP, 1, 0)

#endif
