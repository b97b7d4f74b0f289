/* SPDX-License-Identifier: MIT
 *
 * The complete unwinder of our own: what the rules can't express, by the rows of .eh_frame (cfi.h) with all registers. As
 * unwind.h has it. It trusts neither the tables nor the stack: what is damaged ends the stack.
 */
#ifndef MT_UNWIND_ROWS_H
#define MT_UNWIND_ROWS_H

#include "unwind/bounds.h"
#include "unwind/stack.h"

/* Fill `stack` with the frames from `from` outward. Takes about half a microsecond a frame; no lock, no memory but that of
 * `stack`. Only where mt_object_works (loader/object.h). */
void mt_unwind_rows(struct mt_stack *stack, struct mt_bounds *bounds, const struct mt_start *from);

#endif
