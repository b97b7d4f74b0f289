/* SPDX-License-Identifier: MIT
 *
 * Runs: how high the thread's level rose while a frame was on the stack (format.h: mt_node.run_*,
 * mt_run).
 *
 * The open runs are those of the nodes from the root to the leaf of the last event. An event closes
 * the ones that left the stack and opens the new ones; only the innermost one's maximum is updated,
 * and handed outward when it closes. So an event costs as much as the stack changed, not as deep as
 * it is.
 */
#ifndef MT_RUNS_H
#define MT_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "thread.h"

/* The path is now t->path[0..t->keys_used]; its first `same` entries are those of the last event.
 * False: no space, all runs from there inward are closed and none is open in their place. */
bool mt_runs_move(struct mt_thread *t, uint32_t same);

/* The thread's level changed, with the present path. */
static inline void mt_runs_level(struct mt_thread *t, int64_t level)
{
    struct mt_run *top = &t->runs[t->entry->runs_used - 1];
    if (level > top->max)
        top->max = level;
}

/* Close all but the outermost `keep`. */
void mt_runs_close(struct mt_thread *t, uint32_t keep);

#endif
