/* SPDX-License-Identifier: MIT
 *
 * The complete unwinder (full_libunwind.c), and what the layers above it share with it. As unwind.h
 * has it.
 */
#ifndef MT_UNWIND_FULL_H
#define MT_UNWIND_FULL_H

#include "unwind/stack.h"

/* Load libunwind, once; also to be called in the child of a fork. False: it is not there, or can't
 * be used in this process. Calls dlopen: guard set, no lock held. */
bool mt_unwind_full_init(void);

/* Whether it succeeded. */
bool mt_unwind_full_works(void);

/* Fill `stack` with the frames from `from` outward, whatever they need: takes 1 to 40 us, sometimes
 * more. Without libunwind the stack is the caller alone, with cut 2. Keeps errno and is no
 * cancellation point. Takes libunwind's and the dynamic linker's locks. */
void mt_unwind_full(struct mt_stack *stack, const struct mt_start *from);

/* Forget what libunwind remembers about code addresses. */
void mt_unwind_full_flush(void);

#endif
