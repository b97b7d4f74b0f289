/* SPDX-License-Identifier: MIT
 *
 * A captured native stack, and where one begins.
 */
#ifndef MT_STACK_H
#define MT_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"

/* One frame. `pc` is a return address: look it up at pc - 1. Where a signal interrupted the frame,
 * `pc` is its exact pc plus 1, so that the same rule holds. `sp` is the frame's stack pointer at
 * the call it is in (the callee's canonical frame address): the frame's own locals lie in [sp, sp
 * of the next outer frame). */
struct mt_frame {
    uintptr_t pc;
    uintptr_t sp;
};

/* What tables/ notes about a whole stack. */
struct mt_known {
    uint64_t hash;
    uint32_t leaf; /* 0: nothing noted */
    uint32_t
        unit; /* the counter record that the last event here used, as tables/counters.h passes it; 0: none yet */
};

/* An event's stack in the tree, and what it has in common with that of the event before. */
struct mt_found {
    struct mt_known *known; /* its leaf, and what is noted there; `unit` is counters.c's */
    uint32_t leaf;          /* 0: the next one shares only the root with it */
    uint32_t frames;        /* nodes, without the root */
    uint32_t
        same; /* nodes from the root that it shares with the one before; 0: not even the root */
    uint32_t site;   /* its outermost node that is not shared, 0: all are */
    uint32_t turned; /* where the one before goes on behind them, 0: nowhere, or not at hand */
};
#define MT_SAME_UNKNOWN UINT32_MAX /* in `same`: neither that nor the next two are known */

/* Where to start: the caller of the hook. The hook is compiled with a frame pointer and takes these
 * from it (MT_HERE): its return address, its canonical frame address and the caller's frame pointer
 * register. */
struct mt_start {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t fp;
    bool object; /* asked for by an interpreter for one of its objects, see mt_foreign_read */
};

/* A thread's captured stack; one in each thread's state. Frames stand outermost first, so that what
 * is kept from one event to the next is the array's beginning. */
struct mt_stack {
    struct mt_frame *frames;
    uint32_t used;
    uint32_t cap;
    /* leading frames that are the same (pc and sp) as in the capture before; there may be more */
    uint32_t kept;
    uint32_t cut;             /* 0: complete. 1: depth limit. 2: unwinding failed before the end */
    bool by_rules;            /* the full unwinder was not needed */
    struct mt_frame only;     /* where `frames` points when there is no memory */
    uint32_t generation;      /* mt_unwind_generation at the last capture */
    void *state;              /* the unwinder's own memory of the thread */
    struct mt_wholes *wholes; /* whole.h; NULL: none yet */
    struct mt_tails *tails;   /* tail.h; NULL: none yet */
};

/* Steps when what is remembered of code addresses has to be forgotten: mt_unwind_flush. */
MT_EXTERN uint32_t mt_unwind_generation;

/* Make room for `count` frames; the contents are kept. False: no memory, and what was there stands.
 */
bool mt_unwind_reserve(struct mt_stack *stack, uint32_t count);

/* The frames behind the first `old` ones are those of a new capture, innermost first: put them in their places, and count what is
 * the same as in the old one. */
void mt_unwind_settle(struct mt_stack *stack, uint32_t old, uint32_t cut);

/* Make `stack` the caller alone, with cut 2: what is left when nothing else works. */
void mt_unwind_caller_only(struct mt_stack *stack, const struct mt_start *from);

#endif
