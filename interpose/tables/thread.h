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
#include "tables/recent.h"
#include "tables/runs.h"
#include "tables/timeline.h"

struct mt_thread {
    struct mt_nesting nesting; /* hooks/enter.c */
    struct mt_capture capture;
    struct mt_runs runs;
    struct mt_counters counters;
    struct mt_recent recent;
    struct mt_timeline timeline;

    /* Of the modules that use the whole, and so can't stand below it: */
    struct mt_thread_entry *
        entry; /* the slot in the log, or `unlisted`. account.c: that, its leaf, level and events */
    struct mt_thread_entry unlisted; /* until the log has a slot, or space for one */
    struct mt_thread *next_free;     /* slots.c */
    int32_t lent_to; /* slots.c: tid of who borrowed it last, whose stack it knows; 0: nobody */
    uint32_t slot;   /* account.c: index of `entry` in THREAD, 0: `unlisted` */
    uint32_t ticks;  /* account.c: events since the last tick */
};

#endif
