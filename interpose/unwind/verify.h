/* SPDX-License-Identifier: MIT
 *
 * The build option MEMTRACE_VERIFY_STACKS=N: every stack is walked a second time without the memo,
 * every Nth by the full unwinder as well, and differences are counted. The counts go to standard
 * error when the process ends.
 */
#ifndef MT_UNWIND_VERIFY_H
#define MT_UNWIND_VERIFY_H

#include "unwind/unwind.h"

/* What unwind.c has for verify.c: mt_unwind and mt_unwind_again without the verification. */
void mt_unwind_layers(struct mt_stack *stack, const struct mt_start *from);
struct mt_whole *mt_unwind_again_unchecked(struct mt_stack *stack, const struct mt_start *from);

/* mt_unwind with the option. */
void mt_unwind_checked(struct mt_stack *stack, const struct mt_start *from);

/* mt_unwind_again with it. */
struct mt_whole *mt_unwind_again_checked(struct mt_stack *stack, const struct mt_start *from);

/* The frames that mt_tails_step has found are compared. */
void mt_unwind_frames_checked(struct mt_stack *stack, const struct mt_start *from);

/* mt_unwind, and then a capture by the full unwinder: adds 1 to *differences if any frame, their
 * number or the cut is not the same. From the first frame without a description on outward they are
 * not compared. Does nothing more than mt_unwind where there is no full one. For tests. */
void mt_unwind_verify(struct mt_stack *stack, const struct mt_start *from, uint64_t *differences);

#endif
