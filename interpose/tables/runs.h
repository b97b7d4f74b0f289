/* SPDX-License-Identifier: MIT
 *
 * Runs: how high the thread's level rose while a frame was on the stack (format.h: mt_node.run_*,
 * mt_run). Callable with the guard set, by the thread whose part is passed.
 *
 * The open runs are those of the nodes from the root to the leaf of the last event. An event closes
 * the runs of frames that left the stack and opens those of new frames. Runs that began at the same
 * event have the same figures and stand as one entry. Where they end together, one comparison with
 * the innermost node tells that all of them have risen as high before (mt_node.covered). So an
 * event costs the same however much of the stack is new, once every stack has been met at its
 * highest.
 */
#ifndef MT_RUNS_H
#define MT_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "tables/counters.h"

/* The part of a thread. */
struct mt_runs {
    struct mt_thread_entry *
        /* the thread's slot: its events and its level are read; runs, runs_cap and runs_used
         * written */
        entry;
    struct mt_run *runs; /* in the log: entry->runs */
    uint32_t depth;      /* nodes that have an open run */
};

/* The stack is now `depth` nodes deep, the root among them, and ends in `leaf`. Its outermost
 * `same` nodes are those of the last event; 0: not even the root. `c`: the same thread's. False: no
 * space; the runs from there inward are closed, and none is open in their place. */
bool mt_runs_move(struct mt_runs *r, struct mt_counters *c, uint32_t depth, uint32_t same,
                  uint32_t leaf);

/* The thread's level changed, with the present stack: one run is open at least. */
static inline void mt_runs_level(struct mt_runs *r, int64_t level)
{
    struct mt_run *top = &r->runs[r->entry->runs_used - 1];
    if (level > top->max)
        top->max = level;
}

/* Close all runs but those of the outermost `keep` nodes. */
void mt_runs_close(struct mt_runs *r, struct mt_counters *c, uint32_t keep);

#endif
