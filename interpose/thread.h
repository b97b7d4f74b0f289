/* SPDX-License-Identifier: MIT
 *
 * Per-thread state and the guard that keeps the tracker from seeing itself.
 *
 * A thread's state belongs to a slot of the log (struct mt_thread_entry). Slots are used again by
 * later threads, with their tree, so that memory and log are bounded by the number of threads at
 * one time.
 */
#ifndef MT_THREAD_H
#define MT_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "python.h"
#include "unwind.h"

struct mt_thread {
    struct mt_thread *next_free;
    struct mt_thread_entry *entry; /* in the log */
    uint32_t slot;
    bool special;   /* either of the next two: mt_leave has more to do */
    bool transient; /* given back after one event: the thread is past its destructors */
    bool nested;    /* this event interrupts another one of the thread, whose guard was: */
    uint32_t outer_depth;
    uintptr_t outer_frame;

    /* tree.c */
    uint32_t *places;       /* (parent, frame) -> node, and bits of the hash */
    uint32_t places_bits;   /* log2 of their number */
    uint32_t nodes;         /* of this slot */
    struct mt_known *known; /* hash of a whole stack -> leaf */
    uint32_t known_bits;
    uint32_t known_used;
    uint32_t generation; /* of the meaning of addresses, as of the last event */
    uint32_t period;     /* that path[0] is the root of */
    uint32_t keys_used;  /* depth of the last stack in keys, without the root */
    uint32_t frames;     /* depth of the last event's stack, without the root */
    uint32_t same;       /* nodes from the root that it shares with the one before */
    uint32_t last_leaf;  /* the last event's; 0: the next one shares nothing but the root with it */
    bool elsewhere;      /* the last event's stack is not the one in keys ... */
    struct mt_whole *whole; /* ... but this remembered one, if not NULL */
    uint64_t whole_at;      /* its place if it is remembered now, else 0 */
    struct mt_mixed *pairs; /* native stack and Python stack -> leaf; NULL: not made yet */
    uint32_t path_used;     /* entries of path that are right for keys; the root's makes one */
    struct mt_known *hint;  /* the last event's leaf */
    mt_key *keys;           /* the last captured stack, outermost first; keys[i] is path[i + 1] */
    mt_key *scratch;
    uint64_t *hashes; /* hashes[i]: of keys[0..i) */
    uint32_t *path;   /* nodes */
    bool mixed;       /* the last stack had frames that are not native */
    struct mt_stack stack;
    void *python;

    /* account.c */
    struct mt_run *runs;    /* in the log, parallel to path */
    uint32_t depth;         /* nodes that have an open run */
    uint32_t leaf_before;   /* leaf of the event before the last */
    uint32_t spare_unit;    /* half of a pair of counter units, 0: none */
    uint32_t ticks;         /* events since the last tick */
    uint32_t unsampled;     /* events since the last timeline sample by this thread */
    uint64_t sampled_level; /* level of the process then */
    uint64_t moved;         /* bytes since the last timeline sample by this thread */
    bool resident_due;      /* read the resident set at the next event */
};

/* The guard. `depth` > 0: inside a hook of this thread. What is allocated then is mostly the real function's or our own
 * business, but a signal handler may have interrupted the hook, or a new handler may be at work. MT_INSIDE: not to be told.
 * MT_IN_TABLES: our own tables are half-written; a handler's events are dropped, and counted. MT_IN_HEAP, MT_IN_NEW, MT_IN_DELETE: in
 * the real function of the malloc family or of an operator; a handler's events are events of their own (inner.h). */
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

void mt_leave_slow(struct mt_thread *t);
static inline void mt_leave(struct mt_thread *t)
{
    if (__builtin_expect(t->special, 0))
        mt_leave_slow(t);
    else
        mt_self.depth = 0;
}

/* The guard is set, but the function that set it may have been left by a jump out of a signal handler: `frame`, the caller's,
 * tells. Then the guard is undone. */
void mt_guard_recover(uintptr_t frame);

/* Once, before the first event. */
void mt_threads_init(void);
/* Forget all threads' states (fork child). */
void mt_threads_forget(void);

/* init.c: bring the tracker up for this process, at its first event or in the constructor. False:
 * not possible. Guard set. */
bool mt_init(void);

#endif
