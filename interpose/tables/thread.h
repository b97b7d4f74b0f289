/* SPDX-License-Identifier: MIT
 *
 * What is remembered of a thread, put together. Each part is declared by the module that it is
 * named after, and only that one writes it. It belongs to a slot of the log (slots.h).
 */
#ifndef MT_THREAD_H
#define MT_THREAD_H

#include "base/guard.h"
#include "format.h"
#include "tables/capture.h"
#include "tables/counters.h"
#include "tables/runs.h"
#include "tables/timeline.h"

struct mt_thread {
    struct mt_nesting nesting; /* hooks/enter.c */
    struct mt_capture capture;
    struct mt_runs runs;
    struct mt_counters counters;
    struct mt_timeline timeline;

    /* Of the modules that use the whole, and so can't stand below it: */
    struct mt_thread_entry
        *entry; /* slots.c: the slot in the log. account.c: its leaf, level and events */
    struct mt_thread *next_free; /* slots.c */
    uint32_t slot;               /* slots.c: index of `entry` in THREAD */
    uint32_t ticks;              /* account.c: events since the last tick */
};

#endif
