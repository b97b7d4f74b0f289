/* SPDX-License-Identifier: MIT
 *
 * The guard that keeps the tracker from seeing itself.
 */
#ifndef MT_GUARD_H
#define MT_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct mt_thread;

/* The guard. `depth` > 0: inside a hook of this thread. What is allocated then is mostly the real function's or our own
 * business, but a signal handler may have interrupted the hook, or a new handler may be at work. MT_INSIDE: not to be told.
 * MT_IN_TABLES: our own tables are half-written; a handler's events are dropped, and counted. MT_IN_HEAP, MT_IN_NEW, MT_IN_DELETE: in
 * the real function of the malloc family or of an operator; a handler's events are events of their own (hooks/nested.h). */
enum { MT_INSIDE = 1, MT_IN_TABLES = 2, MT_IN_HEAP = 3, MT_IN_NEW = 4, MT_IN_DELETE = 5 };
#define MT_RELEASE UINT64_MAX /* in place of the bytes that an event allocates */
struct mt_self {
    struct mt_thread *thread;
    uint32_t depth;
    bool ended; /* the thread's state is given back, what comes now are stragglers */
    /* The frame of the function that set the guard. An event of a caller further out on the same stack means that it was
     * left by a jump out of a signal handler. */
    uintptr_t frame;
};
extern __thread struct mt_self mt_self __attribute__((tls_model("initial-exec")));

/* In a page that reads as zero in the child of a fork: 1 while the tracker works for this process,
 * 2: it cannot. */
extern uint32_t *mt_ready;

/* More than one thread makes events now. libc keeps the first; it is cleared before a second thread
 * starts. */
extern char __libc_single_threaded __attribute__((weak));
static inline bool mt_shared(void)
{
    return !&__libc_single_threaded || !__libc_single_threaded;
}

/* Set the guard. The frame once more, since a signal handler's own events may come between the first two. */
static inline __attribute__((always_inline)) void mt_guard_at(uintptr_t frame, uint32_t depth)
{
    *(volatile uintptr_t *)&mt_self.frame = frame;
    *(volatile uint32_t *)&mt_self.depth = depth;
    *(volatile uintptr_t *)&mt_self.frame = frame;
}

/* What mt_enter noted of a thread for mt_leave. */
struct mt_nesting {
    bool special; /* either of the next two: mt_leave has more to do */
    bool
        transient; /* the state is given back after one event: the thread is past its destructors */
    bool nested;   /* this event interrupts another one of the thread, whose guard was: */
    uint32_t outer_depth;
    uintptr_t outer_frame;
};

/* Around work on the tables in a hook. The hook's mt_leave closes too. */
static inline __attribute__((always_inline)) uint32_t mt_tables_open(void)
{
    uint32_t inside = mt_self.depth;
    mt_self.depth = MT_IN_TABLES;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return inside;
}

static inline __attribute__((always_inline)) void mt_tables_close(uint32_t inside)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    mt_self.depth = inside;
}

/* Set the guard around work that is no event, until the calling function returns at the latest. */
static inline __attribute__((always_inline)) void mt_guard(void)
{
    mt_guard_at((uintptr_t)__builtin_frame_address(0), MT_INSIDE);
}

#endif
