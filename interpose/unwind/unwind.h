/* SPDX-License-Identifier: MIT
 *
 * The native stack of the calling thread. One interface, several unwinders behind it, in layers:
 * unwind.c puts the fast ones (walk.c, whole.c) in front of full_libunwind.c (complete and slow:
 * fallback and oracle).
 *
 * All functions: callable inside a hook only (the thread's guard is set), in any thread. They
 * allocate only through meta.h, take no lock of the program's, keep errno, are no cancellation
 * points and never read stack memory that may not be mapped.
 */
#ifndef MT_UNWIND_H
#define MT_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/stack.h"

/* What needs no loader: for events that come before the constructor. */
void mt_unwind_start(void);

/* Load and prepare what the unwinder needs. Called once by the constructor and in each fork child;
 * may call dlopen, so the guard must be set. False: no unwinder works here; stacks then hold the
 * caller only. */
bool mt_unwind_init(void);

/* Fill `stack` for an event whose hook was called from `from`. At least one frame. Cuts at
 * MT_DEPTH_MAX. */
void mt_unwind(struct mt_stack *stack, const struct mt_start *from);

/* Remembered whole stacks (whole.h). Before mt_unwind: is the event's stack one of them? Then there is nothing to
 * capture: `stack` still holds the last one that was. NULL: no. */
struct mt_whole *mt_unwind_again(struct mt_stack *stack, const struct mt_start *from);

/* After mt_unwind with the same `from`: remember the stack. What was found before may be gone. NULL: not possible. */
struct mt_whole *mt_unwind_remember(struct mt_stack *stack, const struct mt_start *from);

/* Forget them, with the notes. */
void mt_unwind_forget(struct mt_stack *stack);

/* Only in the build option MEMTRACE_VERIFY_STACKS (verify.h): is the caller to do without what it remembers of a stack
 * and then say whether that was right? */
#ifdef MEMTRACE_VERIFY_STACKS
static inline bool mt_unwind_doubted(void)
{
    return true;
}
void mt_unwind_compared(bool same);
#else
static inline bool mt_unwind_doubted(void)
{
    return false;
}
static inline void mt_unwind_compared(bool same)
{
    (void)same;
}
#endif

/* Free the thread's memory. To be called before the structure serves another thread. */
void mt_unwind_thread_exit(struct mt_stack *stack);

/* A shared object was or is about to be unloaded: forget everything remembered about code
 * addresses. */
void mt_unwind_flush(void);

#endif
