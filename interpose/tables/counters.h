/* SPDX-License-Identifier: MIT
 *
 * The counter records of a node (format.h: mt_alloc, mt_release, ...). Callable with the guard set.
 *
 * Who writes: a record's owner is the slot's thread; only `freed`, `frees`, `saved` and `saved_seq`
 * of an mt_alloc are also written by threads that release what was allocated there. While several
 * threads make events, the two counts are changed by atomic additions, and what live was at the peak is saved
 * under one of a few hundred spin locks, chosen by the record.
 */
#ifndef MT_COUNTERS_H
#define MT_COUNTERS_H

#include <stdint.h>

#include "log/log.h"
#include "tables/state.h"

/* The record of `kind` in the node's chain, made on first need (also when the present one's count
 * is full); its unit, or 0: no space. */
uint32_t mt_counters_find(struct mt_thread *t, uint32_t node, uint32_t kind);

static inline void *mt_counters_at(uint32_t unit)
{
    return mt_log.base[MT_REGION_COUNTER] + (uint64_t)unit * MT_UNIT;
}

/* What mt_counters_came and mt_counters_went do, for a process of one thread. */
/* What live was at the peak, before it changes for the first time since. */
static inline void mt_counters_save(struct mt_alloc *a)
{
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (a->saved_seq != seq) {
        a->saved = a->allocated - a->freed;
        a->saved_seq = seq;
    }
}

static inline void mt_counters_add(struct mt_alloc *a, uint64_t bytes)
{
    mt_counters_save(a);
    a->allocated += bytes;
    a->allocs++;
    if (a->allocated - a->freed > a->live_peak)
        a->live_peak = a->allocated - a->freed;
}

static inline void mt_counters_subtract(struct mt_alloc *a, uint64_t bytes, uint32_t count)
{
    mt_counters_save(a);
    a->freed += bytes;
    a->frees += count;
}

/* The same for the present event's leaf, t->capture.hint: nearly always the record that the last event here used. */
uint32_t mt_counters_hinted(struct mt_thread *t, uint32_t kind);

/* `bytes` came to be live at this mt_alloc by one allocation / went away from it by `count`
 * releases (0: a part of a mapping went whose rest is live still). */
void mt_counters_came(uint32_t unit, uint64_t bytes);
void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count);

/* Events that no node can be found for, for want of space, are node 0's, whoever's they are: its records are made at the log's
 * beginning, where there is space. */
void mt_counters_lost_init(void);
/* Such an event brings / takes away. 0, false: the record's count is full, and no space for another. */
uint32_t mt_counters_lost_came(struct mt_thread *t, uint32_t class, uint64_t bytes);
bool mt_counters_lost_went(struct mt_thread *t, uint32_t class, uint64_t bytes);

void mt_counters_forget(void); /* fork child */

#endif
