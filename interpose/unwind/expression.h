/* SPDX-License-Identifier: MIT
 *
 * Location expressions of call frame information: DWARF 4, section 2.5, as far as compilers and assembler code use it there.
 * Branches are not understood, so that each expression ends.
 */
#ifndef MT_UNWIND_EXPRESSION_H
#define MT_UNWIND_EXPRESSION_H

#include "unwind/bounds.h"
#include "unwind/cfi_row.h"

/* A word of memory, for who may be wrong about where. The bounds' own stack costs no system call. False: not mapped, or not
 * aligned. */
bool mt_expression_word(struct mt_bounds *bounds, uintptr_t address, uintptr_t *word);

/* Evaluate the expression at `place` (MT_CFI_EXPRESSION or MT_CFI_VALUE_EXPRESSION) for a frame's registers, beginning with
 * `first`, its canonical frame address, on the stack. False: not understood, or it reads what is not mapped. */
bool mt_expression(const struct mt_cfi_place *place, const uintptr_t registers[MT_DW_COUNT],
                   uintptr_t first, struct mt_bounds *bounds, uintptr_t *value);

#endif
