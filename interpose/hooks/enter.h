/* SPDX-License-Identifier: MIT
 *
 * The door of every hook: where an event begins and ends. Any thread, at any time; errno is kept.
 */
#ifndef MT_ENTER_H
#define MT_ENTER_H

#include "base/guard.h"
#include "hooks/nested.h"
#include "tables/thread.h"

/* Begin an event. Returns the thread's state, with the guard set to `inside`. NULL: this call is
 * not to be recorded, pass it on. `pc`: the hook's return address; `bytes`: what it allocates, or
 * MT_RELEASE. */
struct mt_thread *mt_enter_slow(uint32_t inside, uintptr_t frame, uintptr_t pc, uint64_t bytes);
static inline __attribute__((always_inline)) struct mt_thread *
mt_enter_as(uint32_t inside, uintptr_t pc, uint64_t bytes)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    uint32_t depth = mt_self.depth;
    if (__builtin_expect(depth != 0, 0)) {
        /* Called by the real function of a hook that is at work? operator new's malloc, delete's free. */
        if (frame < mt_self.frame &&
            (depth == MT_INSIDE || mt_nested_plainly(depth, pc, bytes == MT_RELEASE)))
            return NULL;
    } else {
        /* The guard first: until it is set, a signal handler may fork, and the child has neither this state nor its tables. */
        mt_guard_at(frame, inside);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        struct mt_thread *t = mt_self.thread;
        if (__builtin_expect(t && *mt_ready == 1, 1)) /* a thread has none before mt_ready */
            return t;
        mt_self.depth = 0;
    }
    return mt_enter_slow(inside, frame, pc, bytes);
}

/* Begin an event in a hook whose real function may call any wrapped function. */
static inline __attribute__((always_inline)) struct mt_thread *mt_enter(void)
{
    return mt_enter_as(MT_INSIDE, 0, 0);
}

/* Begin an event in a hook of the malloc family: its return address, and the
 * bytes that it allocates. */
static inline __attribute__((always_inline)) struct mt_thread *mt_enter_heap(uintptr_t pc,
                                                                             uint64_t bytes)
{
    return mt_enter_as(MT_IN_HEAP, pc, bytes);
}

/* The same in a hook of operator new. */
static inline __attribute__((always_inline)) struct mt_thread *mt_enter_new(uintptr_t pc,
                                                                            uint64_t bytes)
{
    return mt_enter_as(MT_IN_NEW, pc, bytes);
}

/* End the event that mt_enter... began: the guard is as it was before. errno is kept. */
void mt_leave_slow(struct mt_thread *t);
static inline void mt_leave(struct mt_thread *t)
{
    if (__builtin_expect(t->nesting.special, 0))
        mt_leave_slow(t);
    else
        mt_self.depth = 0;
}

/* If the guard is set, the function that set it may have been left by a jump out of a signal
 * handler: `frame`, that of the caller, tells. Then the guard is undone. */
void mt_guard_recover(uintptr_t frame);

/* Start the tracker for this process, at its first event or in the constructor; guard set. False:
 * not possible. */
bool mt_begin(void);

#endif
