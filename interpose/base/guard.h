/* SPDX-License-Identifier: MIT
 *
 * The guard that keeps the tracker from seeing itself.
 */
#ifndef MT_GUARD_H
#define MT_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/local.h"
#include "base/near.h"
#include "base/newer.h"

/* The guard of a thread: 0, or what the thread is doing inside a hook. What is allocated then is
 * mostly the real function's own business, or ours. But a signal handler may have interrupted the
 * hook, or a new handler may be at work: hooks/nested.h tells.
 * MT_INSIDE: in a real function that may call any other, so nobody can tell whose a call is.
 * MT_IN_TABLES: our own tables are half-written; a handler's events are dropped. MT_IN_HEAP,
 * MT_IN_NEW, MT_IN_DELETE: in the real function of the malloc family or of an operator; a handler's
 * events are recorded. */
enum { MT_INSIDE = 1, MT_IN_TABLES = 2, MT_IN_HEAP = 3, MT_IN_NEW = 4, MT_IN_DELETE = 5 };
#define MT_RELEASE UINT64_MAX /* in place of the bytes that an event allocates */
/* NULL before the process's first event. Then a word in a page that reads as zero in the child of a
 * fork: 1 while the tracker works for this process, 2 if it cannot. */
MT_EXTERN uint32_t *mt_ready;

/* Whether there may be more than one thread. */
static inline bool mt_shared(void)
{
    return !*mt_newer_single_threaded;
}

/* Set the guard to `depth`, for the function whose frame is `frame`. The frame is written twice,
 * since a signal handler's own events may come between the first two stores. */
static inline __attribute__((always_inline)) void mt_guard_at(uintptr_t frame, uint32_t depth)
{
    *(volatile uintptr_t *)&mt_self.frame = frame;
    *(volatile uint32_t *)&mt_self.depth = depth;
    *(volatile uintptr_t *)&mt_self.frame = frame;
}

/* What hooks/enter.c notes of an event from its beginning to its end, and of the thread. */
struct mt_nesting {
    bool special;   /* either of the next two: the end has more to do */
    bool transient; /* the state serves this event alone: the thread is past its destructors */
    bool nested;    /* this event interrupts another one of the thread, whose guard was: */
    uint32_t outer_depth;
    uintptr_t outer_frame;
    int *error; /* the thread's errno, whose address takes a call to find */
};

/* Around work on the tables in a hook, with the guard set. mt_tables_open returns what
 * mt_tables_close wants. The hook's mt_leave closes, too. */
static inline __attribute__((always_inline)) uint32_t mt_tables_open(void)
{
    uint32_t inside = mt_self.depth;
    mt_self.depth = MT_IN_TABLES;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return inside;
}

/* `inside`: what mt_tables_open returned. */
static inline __attribute__((always_inline)) void mt_tables_close(uint32_t inside)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    mt_self.depth = inside;
}

/* Set the guard around work that is no event. The calling function sets mt_self.depth back before
 * it returns. */
static inline __attribute__((always_inline)) void mt_guard(void)
{
    mt_guard_at((uintptr_t)__builtin_frame_address(0), MT_INSIDE);
}

#endif
