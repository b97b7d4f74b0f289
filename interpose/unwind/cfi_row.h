/* SPDX-License-Identifier: MIT
 *
 * What call frame information says of one address: where the frame's caller is to be found.
 */
#ifndef MT_CFI_ROW_H
#define MT_CFI_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/arch.h"

/* Where a register of the caller is. Expressions are evaluated only in the forms that occur in
 * practice. */
enum mt_cfi_where {
    MT_CFI_SAME = 0,  /* unchanged */
    MT_CFI_UNDEFINED, /* lost; for the return address: this is the outermost frame */
    MT_CFI_AT_CFA,    /* in memory at the canonical frame address plus `offset` */
    MT_CFI_AT_REG,    /* in memory at register `reg` plus `offset` */
    /* The rest is for the full unwinder alone. */
    MT_CFI_VALUE_CFA,        /* it is the canonical frame address plus `offset` */
    MT_CFI_REGISTER,         /* in register `reg` */
    MT_CFI_EXPRESSION,       /* in memory where an expression of `reg` bytes at `offset` says */
    MT_CFI_VALUE_EXPRESSION, /* it is the value of such an expression */
    MT_CFI_OTHER             /* something else */
};

struct mt_cfi_place {
    enum mt_cfi_where where;
    unsigned reg;
    int64_t offset;
};

/* How the canonical frame address is computed. */
enum mt_cfi_cfa {
    MT_CFI_CFA_REG,   /* register `reg` plus `offset` */
    MT_CFI_CFA_DEREF, /* the word at register `reg` plus `offset` */
    MT_CFI_CFA_OTHER
};

struct mt_cfi_row {
    uintptr_t
        begin; /* the first address of the function, or of the part of it that is described together */
    uintptr_t from,
        to; /* all of this holds for the addresses [from, to); 0, 0: that is not known */
    enum mt_cfi_cfa cfa;
    unsigned reg; /* DWARF number */
    int64_t offset;
    struct mt_cfi_place fp;             /* the caller's frame pointer register */
    struct mt_cfi_place ra;             /* the return address */
    struct mt_cfi_place cfa_expression; /* MT_CFI_CFA_OTHER: where it is; reg 0: none */
    bool signal;    /* a signal trampoline: the caller was interrupted, not calling */
    bool signed_ra; /* the return address carries an authentication code */
    /* the caller's other registers, by DWARF number; last, as a rule has no use for them (cfi.h) */
    struct mt_cfi_place other[MT_DW_COUNT];
};

#endif
