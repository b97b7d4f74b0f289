/* SPDX-License-Identifier: MIT
 *
 * Runs: how high the thread's level rose while a frame was on the stack, and while the call sites of a frame took turns
 * (format.h: mt_node.rise, mt_run, mt_stretch).
 *
 * A node's own run is open while the node is on the stack of the last event. A line may be several nodes, though: its call
 * sites below one frame, or a function's. Which ones are one line is known only when the log is read. So each open frame keeps
 * its call sites in the order of their last use, and for each of them the level after its last event. The stretch of events
 * that used only the sites more recent than it began there; it ends when another site comes up, or when the frame closes.
 *
 * All of that is one array of entries, oldest first: a run of some nodes that began at the same event also begins the stretch
 * after the site that was on the stack before. An event that goes on with the same leaf changes nothing but the highest level
 * of the last entry; one that turns off at some frame ends what is further in, and as many stretches of that frame as there
 * are sites more recent than the one that comes up. Ended runs of the same figures are one comparison (mt_node.covered).
 */
#ifndef MT_RUNS_H
#define MT_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "tables/stretches.h"

/* Call sites of a frame that are kept in order: what more of them did in turns is known as a bound only. */
#define MT_RUNS_SITES MT_STRETCH_SITES

/* A thread's part. */
struct mt_runs {
    struct mt_thread_entry *
        entry; /* the slot: its events and its level; runs, runs_cap and runs_used are written here */
    struct mt_run *runs; /* in the log: entry->runs */
    uint32_t depth;      /* nodes that have an open run */
    struct mt_stretches stretches;
    struct mt_ended ended; /* being put together: too large for the program's stack */
};

/* The stack is now `depth` nodes deep, the root among them, and ends in `leaf`; its outermost `same` nodes are those of the last
 * event, 0: not even the root. `site`: the outermost node behind those, 0: there is none; `turned`: where the last event's stack
 * went on behind them, 0: nowhere, or not known. False: no space; then the runs from there inward are closed and none is open
 * in their place. */
bool mt_runs_move(struct mt_runs *r, uint32_t depth, uint32_t same, uint32_t site, uint32_t turned,
                  uint32_t leaf);

/* The thread's level changed, with the present stack. */
static inline void mt_runs_level(struct mt_runs *r, int64_t level)
{
    struct mt_run *top = &r->runs[r->entry->runs_used - 1];
    if (level > top->max)
        top->max = level;
}

/* Close all but those of the outermost `keep` nodes. */
void mt_runs_close(struct mt_runs *r, uint32_t keep);

#endif
