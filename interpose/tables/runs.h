/* SPDX-License-Identifier: MIT
 *
 * Runs: how high the thread's level rose while a frame was on the stack (format.h: mt_node.run_*,
 * mt_run).
 *
 * The open runs are those of the nodes from the root to the leaf of the last event. An event closes
 * the ones that left the stack and opens the new ones. Those that began at the same event have the
 * same figures and stand as one entry; where they end together, one comparison with the innermost
 * node tells that all of them have risen as high before (mt_node.covered). So an event costs the
 * same however much of the stack is new, once every stack has been met at its highest.
 */
#ifndef MT_RUNS_H
#define MT_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "tables/counters.h"

/* A thread's part. */
struct mt_runs {
    struct mt_thread_entry *
        entry; /* the slot: its events and its level; runs, runs_cap and runs_used are written here */
    struct mt_run *runs; /* in the log: entry->runs */
    uint32_t depth;      /* nodes that have an open run */
};

/* The stack is now `depth` nodes deep, the root among them, and ends in `leaf`; its outermost `same` nodes are those of the last
 * event, 0: not even the root. `c`: the same thread's. False: no space; then the runs from there inward are closed and none is
 * open in their place. */
bool mt_runs_move(struct mt_runs *r, struct mt_counters *c, uint32_t depth, uint32_t same,
                  uint32_t leaf);

/* The thread's level changed, with the present stack. */
static inline void mt_runs_level(struct mt_runs *r, int64_t level)
{
    struct mt_run *top = &r->runs[r->entry->runs_used - 1];
    if (level > top->max)
        top->max = level;
}

/* Close all but those of the outermost `keep` nodes. */
void mt_runs_close(struct mt_runs *r, struct mt_counters *c, uint32_t keep);

#endif
