/* SPDX-License-Identifier: MIT
 *
 * The native stack of the calling thread. Behind one interface stand several unwinders: unwind.c
 * asks the fast ones (whole.c, tail.c, walk.c) first, then full_libunwind.c, which is complete and slow.
 *
 * All functions are callable with the guard set, in any thread. They allocate only our own memory,
 * take no lock of the program's, keep errno, are no cancellation points, and never read memory that
 * may not be mapped.
 */
#ifndef MT_UNWIND_H
#define MT_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/stack.h"
#include "unwind/tail_find.h"

/* Prepare what needs no loader, so that events before the constructor have stacks. */
void mt_unwind_start(void);

/* Load and prepare what the unwinder needs. To be called by the constructor, and in the child of a
 * fork; may call dlopen, so no lock may be held. False: no unwinder works here, and stacks hold the
 * caller alone. */
bool mt_unwind_init(void);

/* Fill `stack` for an event whose hook was called from `from`: at least one frame, at most
 * MT_DEPTH_MAX. */
void mt_unwind(struct mt_stack *stack, const struct mt_start *from);

/* Where there are native frames only, and mt_tails_find (mt_unwind_known) does not know the stack: its frames, those from *first on without a
 * node. When they have one: mt_tails_add. NULL: the frames are in `stack`, as after mt_unwind. */
struct mt_tails *mt_unwind_frames(struct mt_stack *stack, const struct mt_start *from,
                                  uint32_t *first);

/* Before mt_unwind: the remembered stack (whole.h) that the event has. Then nothing need be
 * captured, and `stack` still holds the last one that was. NULL: none. */
struct mt_whole *mt_unwind_again(struct mt_stack *stack, const struct mt_start *from);

/* After mt_unwind with the same `from`: remember the stack. What mt_unwind_again found before may
 * be gone. NULL: not possible. */
struct mt_whole *mt_unwind_remember(struct mt_stack *stack, const struct mt_start *from);

/* After mt_unwind_known or mt_tails_add: the same for the stack that it has found, or was told of. */
struct mt_whole *mt_unwind_remember_known(struct mt_stack *stack, const struct mt_start *from);

/* Forget the thread's remembered stacks, with what is noted in them. */
void mt_unwind_forget(struct mt_stack *stack);

/* For the build option MEMTRACE_VERIFY_STACKS (verify.h). Doubted: the caller is to do without what
 * it remembers of a stack, and then to say by mt_unwind_compared whether it was right. */
#ifdef MEMTRACE_VERIFY_STACKS
bool mt_unwind_known(struct mt_stack *stack, const struct mt_start *from, struct mt_found *found);
static inline bool mt_unwind_current(const struct mt_stack *stack)
{
    (void)stack;
    return false;
}
static inline bool mt_unwind_doubted(void)
{
    return true;
}
void mt_unwind_compared(bool same);
#else
static inline bool mt_unwind_known(struct mt_stack *stack, const struct mt_start *from,
                                   struct mt_found *found)
{
    return mt_tails_find(stack->tails, from, found);
}
/* mt_unwind_again would be mt_whole_find alone: to be inlined. */
static inline bool mt_unwind_current(const struct mt_stack *stack)
{
    return stack->wholes &&
           stack->generation == __atomic_load_n(&mt_unwind_generation, __ATOMIC_ACQUIRE);
}
static inline bool mt_unwind_doubted(void)
{
    return false;
}
static inline void mt_unwind_compared(bool same)
{
    (void)same;
}
#endif

/* Release the thread's memory. To be called before the structure serves another thread. */
void mt_unwind_thread_exit(struct mt_stack *stack);

/* A shared object was or will be unloaded: forget everything that is remembered about code
 * addresses. */
void mt_unwind_flush(void);

/* This thread is in a library of ours that asks for a pipe which it is not to have: pipe2 fails. */
extern __thread bool mt_unwind_no_pipe __attribute__((tls_model("initial-exec")));

#endif
