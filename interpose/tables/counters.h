/* SPDX-License-Identifier: MIT
 *
 * The counter records of a node (format.h: mt_alloc, mt_release, ...). Callable with the guard set.
 *
 * Who writes: a record's owner is the slot's thread. Only `gone`, `gone_count`, `saved` and `saved_seq`
 * of an mt_alloc are also written by threads that release what was allocated there. While several
 * threads make events, the two counts are changed by atomic additions; what was live at the peak is
 * saved under one of a few hundred spin locks, chosen by the record.
 */
#ifndef MT_COUNTERS_H
#define MT_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/log.h"
#include "unwind/stack.h"

/* The part of a thread. */
struct mt_counters {
    uint32_t spare; /* half of a pair of units, 0: none */
};

/* The record of `kind` in the node's chain: its unit. It is made when it is first needed, and when
 * the present one's count is full. 0: no space. */
uint32_t mt_counters_find(struct mt_counters *c, uint32_t node, uint32_t kind);

static inline void *mt_counters_at(uint32_t unit)
{
    return mt_log.base[MT_REGION_COUNTER] + (uint64_t)unit * MT_UNIT;
}

/* An allocation of `bytes` is about to be counted in the mt_alloc: count its size where they are of several powers of two, or as soon
 * as they are. mt_counters_size is its longer part. By the record's owner. */
void mt_counters_size(struct mt_alloc *a, uint64_t bytes);
static inline __attribute__((always_inline)) void mt_counters_sized(struct mt_alloc *a,
                                                                    uint64_t bytes)
{
    uint32_t power = 63u - (uint32_t)__builtin_clzll(bytes | 7), count = a->allocs;
    if (count & MT_ALLOCS_SIZES) {
        struct mt_sizes *s = mt_counters_at(MT_LINK_NEXT(a->link));
        if (__builtin_expect(power < MT_SIZES_SMALL + 2 && MT_LINK_KIND(s->link) == MT_KIND_SIZES,
                             1)) {
            s->count[power - 2]++;
            return;
        }
    } else {
        /* Is their mean of the same power? It can be only if they are, as all of them are of one. */
        uint64_t mean = a->allocated >> power;
        if (__builtin_expect(mean - count < count, 1))
            return;
    }
    mt_counters_size(a, bytes);
}

/* A block of this mt_alloc was temporary: one of the heap's. By the record's owner; `c`: its own. */
void mt_counters_temporary(struct mt_counters *c, uint32_t unit, uint64_t bytes);

/* Where the number of blocks is kept that mt_alloc.saved is of. */
static inline uint32_t *mt_counters_held(uint32_t unit)
{
    return (uint32_t *)(void *)mt_log.base[MT_REGION_HELD] + unit / 2;
}

/* For a process of one thread, what mt_counters_came and mt_counters_went do. */
/* Save what was live at the peak, and when the program finished, before it changes for the first time
 * since. */
void mt_counters_keep(uint32_t unit, uint32_t seq, uint64_t live);
static inline void mt_counters_save(uint32_t unit, struct mt_alloc *a)
{
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (a->saved_seq != seq) {
        if (__builtin_expect(seq & MT_SEQ_FINISHED, 0)) {
            mt_counters_keep(unit, seq, a->allocated - a->gone);
            return;
        }
        a->saved = a->allocated - a->gone;
        *mt_counters_held(unit) = MT_ALLOCS(a->allocs) - a->gone_count;
        a->saved_seq = seq;
    }
}

static inline void mt_counters_add(uint32_t unit, uint64_t bytes)
{
    struct mt_alloc *a = mt_counters_at(unit);
    mt_counters_sized(a, bytes);
    mt_counters_save(unit, a);
    a->allocated += bytes;
    a->allocs++;
    if (a->allocated - a->gone > a->live_peak)
        a->live_peak = a->allocated - a->gone;
}

static inline void mt_counters_subtract(uint32_t unit, uint64_t bytes, uint32_t count)
{
    struct mt_alloc *a = mt_counters_at(unit);
    mt_counters_save(unit, a);
    a->gone += bytes;
    a->gone_count += count;
}

/* Whether the record's count has reached its largest value: the next event takes another record. */
static inline bool mt_counters_full(uint32_t unit, uint32_t kind)
{
    if (kind < MT_KIND_RELEASE)
        return MT_ALLOCS(((struct mt_alloc *)mt_counters_at(unit))->allocs) ==
               MT_ALLOCS(UINT32_MAX);
    if (kind < MT_KIND_RESIDENT) /* mt_discard has its count in the same place */
        return ((struct mt_release *)mt_counters_at(unit))->releases == UINT32_MAX;
    return false;
}

/* As mt_counters_find, for the leaf of an event's stack. The record that the last event here used
 * is noted with it, and is nearly always the one. Inlined, as `kind` is known there. */
static inline __attribute__((always_inline)) uint32_t
mt_counters_hinted(struct mt_counters *c, struct mt_known *stack, uint32_t kind)
{
    uint32_t unit = stack->unit;
    if (__builtin_expect(unit && MT_LINK_KIND(*(uint32_t *)mt_counters_at(unit)) == kind &&
                             !mt_counters_full(unit, kind),
                         1))
        return unit;
    return stack->unit = mt_counters_find(c, stack->leaf, kind);
}

/* `bytes` came to be live at this mt_alloc, by one allocation; or went from it, by `count` releases
 * (0: a part of a mapping went, and the rest is still live). Any thread. */
void mt_counters_came(uint32_t unit, uint64_t bytes);
void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count);

/* The resident set has grown here by `bytes`; unit: that of an mt_resident. */
void mt_counters_grown(uint32_t unit, int64_t bytes);

/* Events that no node can be found for, for want of space, are node 0's, whichever thread's they
 * are. Its records are made when the log begins and has space. */
void mt_counters_lost_init(void);
/* Such an event allocates, releases, or gives memory back that stays mapped. 0, false: the record's count is full, and there is no space
 * for another. Any thread; `c`: its own. */
uint32_t mt_counters_lost_came(struct mt_counters *c, uint32_t class, uint64_t bytes);
bool mt_counters_lost_went(struct mt_counters *c, uint32_t class, uint64_t bytes);
bool mt_counters_lost_discarded(struct mt_counters *c, uint64_t bytes);
void mt_counters_lost_grown(struct mt_counters *c, int64_t bytes);

void mt_counters_forget(void); /* the child of a fork */

#endif
