/* SPDX-License-Identifier: MIT
 *
 * The door of every hook: an event begins, and ends.
 */
#ifndef MT_ENTER_H
#define MT_ENTER_H

#include "base/guard.h"
#include "tables/thread.h"

/* Start an event: the thread's state with the guard set, or NULL if this call is not to be
 * recorded: pass it on. */
struct mt_thread *mt_enter_slow(uint32_t inside, uintptr_t frame, uintptr_t pc, uint64_t bytes);
static inline __attribute__((always_inline)) struct mt_thread *
mt_enter_as(uint32_t inside, uintptr_t pc, uint64_t bytes)
{
    struct mt_thread *t = mt_self.thread;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    /* Called by the real function of a hook that stands: operator new's malloc, delete's free. */
    if (__builtin_expect(mt_self.depth == MT_INSIDE && frame < mt_self.frame, 0))
        return NULL;
    if (__builtin_expect(!t || mt_self.depth || !mt_ready || *mt_ready != 1, 0))
        return mt_enter_slow(inside, frame, pc, bytes);
    mt_guard_at(frame, inside);
    return t;
}

/* In a hook whose real function may call any wrapped function. */
static inline __attribute__((always_inline)) struct mt_thread *mt_enter(void)
{
    return mt_enter_as(MT_INSIDE, 0, 0);
}

/* In a hook of the malloc family, or of a C++ operator: its caller, and the bytes that it allocates. */
static inline __attribute__((always_inline)) struct mt_thread *mt_enter_heap(uintptr_t pc,
                                                                             uint64_t bytes)
{
    return mt_enter_as(MT_IN_HEAP, pc, bytes);
}

static inline __attribute__((always_inline)) struct mt_thread *mt_enter_new(uintptr_t pc,
                                                                            uint64_t bytes)
{
    return mt_enter_as(MT_IN_NEW, pc, bytes);
}

void mt_leave_slow(struct mt_thread *t);
static inline void mt_leave(struct mt_thread *t)
{
    if (__builtin_expect(t->nesting.special, 0))
        mt_leave_slow(t);
    else
        mt_self.depth = 0;
}

/* The guard is set, but the function that set it may have been left by a jump out of a signal handler: `frame`, the caller's,
 * tells. Then the guard is undone. */
void mt_guard_recover(uintptr_t frame);

/* Bring the tracker up for this process, at its first event or in the constructor. False: not possible. Guard set. */
bool mt_begin(void);

#endif
