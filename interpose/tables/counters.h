/* SPDX-License-Identifier: MIT
 *
 * The counter records of a node (format.h: mt_alloc, mt_release, ...). Callable with the guard set.
 *
 * Who writes: a record's owner is the slot's thread. Only `gone`, `gone_count`, `saved` and `saved_seq`
 * of an mt_alloc or mt_small are also written by threads that release what was allocated there. While several
 * threads make events, the two counts are changed by atomic additions; what was live at the peak is
 * saved under one of a few hundred spin locks, chosen by the record.
 */
#ifndef MT_COUNTERS_H
#define MT_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/log.h"
#include "unwind/stack.h"

/* The part of a thread: places in COUNTER for its next small records, the first units of which it has reserved already. */
#define MT_COUNTERS_SPARE 6u
struct mt_counters {
    uint32_t alloc[MT_COUNTERS_SPARE], release[MT_COUNTERS_SPARE];
    uint32_t allocs, releases;
};

/* A record is passed as its link: its first unit << 4 | its kind; 0: none. MT_LINK_NEXT and MT_LINK_KIND take it apart. */

/* The record of `kind` in the node's chain that has room for `bytes` more, in one event. It is made when it is first needed, and when the
 * present one has no room. MT_KIND_ALLOC and MT_KIND_RELEASE stand for the small records, too. 0: no space. */
uint32_t mt_counters_find(struct mt_counters *c, uint32_t node, uint32_t kind, uint64_t bytes);

static inline void *mt_counters_at(uint32_t unit)
{
    return mt_log.base[MT_REGION_COUNTER] + (uint64_t)unit * MT_UNIT;
}

static inline bool mt_counters_is_small(uint32_t unit)
{
    return MT_LINK_KIND(*(uint32_t *)mt_counters_at(unit)) == MT_KIND_SMALL;
}

/* Where the record is that has a record's figures: a small one may have moved. */
static inline uint32_t mt_counters_moved(uint32_t unit)
{
    const struct mt_small *s = mt_counters_at(unit);
    if (__builtin_expect(__atomic_load_n(&s->gone, __ATOMIC_ACQUIRE) & MT_SMALL_MOVED, 0))
        return MT_LINK_NEXT(__atomic_load_n(&s->link, __ATOMIC_RELAXED));
    return unit;
}

/* An allocation of `bytes` is about to be counted in the record of this link, which has counted `count` of `allocated` bytes: count its size
 * where they are of several powers of two, or as soon as they are. mt_counters_size is its longer part. Whether they are. By the
 * record's owner. */
bool mt_counters_size(uint32_t *link, bool several, uint32_t count, uint64_t allocated,
                      uint64_t bytes);
static inline __attribute__((always_inline)) bool
mt_counters_sized(uint32_t *link, bool several, uint32_t count, uint64_t allocated, uint64_t bytes)
{
    uint32_t power = 63u - (uint32_t)__builtin_clzll(bytes | 7);
    if (several) {
        struct mt_sizes *s = mt_counters_at(MT_LINK_NEXT(*link));
        if (__builtin_expect(power < MT_SIZES_SMALL + 2 && MT_LINK_KIND(s->link) == MT_KIND_SIZES,
                             1)) {
            s->count[power - 2]++;
            return true;
        }
    } else {
        /* Is their mean of the same power? It can be only if they are, as all of them are of one. */
        uint64_t mean = allocated >> power;
        if (__builtin_expect(mean - count < count, 1))
            return false;
    }
    return mt_counters_size(link, several, count, allocated, bytes);
}

/* A block of this record was temporary: one of the heap's. By the record's owner. */
void mt_counters_temporary(uint32_t unit, uint64_t bytes);

/* For a process of one thread, what mt_counters_came and mt_counters_went do. */
/* Save what was live at the peak, and when the program finished, before it changes for the first time
 * since. */
void mt_counters_keep(uint32_t unit, uint32_t seq, uint64_t live);
void mt_counters_keep_small(uint32_t unit, uint32_t seq, uint64_t live);
static inline __attribute__((always_inline)) void mt_counters_save(uint32_t unit,
                                                                   struct mt_alloc *a)
{
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (a->saved_seq != seq) {
        if (__builtin_expect(seq & MT_SEQ_FINISHED, 0)) {
            mt_counters_keep(unit, seq, a->allocated - a->gone);
            return;
        }
        a->saved = a->allocated - a->gone;
        a->held = MT_ALLOCS(a->allocs) - a->gone_count;
        a->saved_seq = seq;
    }
}

static inline uint32_t mt_small_live(const struct mt_small *s)
{
    return s->allocated - MT_SMALL_GONE(s->gone);
}

static inline __attribute__((always_inline)) void mt_counters_save_small(uint32_t unit,
                                                                         struct mt_small *s)
{
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (s->saved_seq != seq) {
        if (__builtin_expect(seq & MT_SEQ_FINISHED, 0)) {
            mt_counters_keep_small(unit, seq, mt_small_live(s));
            return;
        }
        s->saved = (uint16_t)mt_small_live(s);
        s->held = (uint16_t)(MT_SMALL_COUNT(s->allocs) - MT_SMALL_GONE_COUNT(s->gone));
        s->saved_seq = seq;
    }
}

static inline __attribute__((always_inline)) void mt_counters_add_small(uint32_t unit,
                                                                        uint32_t bytes)
{
    struct mt_small *s = mt_counters_at(unit);
    uint32_t allocs = s->allocs;
    bool several = mt_counters_sized(&s->link, allocs & MT_SMALL_SIZES, MT_SMALL_COUNT(allocs),
                                     s->allocated, bytes);
    mt_counters_save_small(unit, s);
    s->allocated = (uint16_t)(s->allocated + bytes);
    s->allocs = (uint16_t)((allocs + 1) | (several ? MT_SMALL_SIZES : 0));
    if (mt_small_live(s) > s->live_peak)
        s->live_peak = (uint16_t)mt_small_live(s);
}

/* `link`: of mt_counters_find for an allocation of so many bytes. */
static inline __attribute__((always_inline)) void mt_counters_add(uint32_t link, uint64_t bytes)
{
    uint32_t unit = MT_LINK_NEXT(link);
    if (MT_LINK_KIND(link) == MT_KIND_SMALL) {
        mt_counters_add_small(unit, (uint32_t)bytes);
        return;
    }
    struct mt_alloc *a = mt_counters_at(unit);
    uint32_t allocs = a->allocs;
    bool several = mt_counters_sized(&a->link, allocs & MT_ALLOCS_SIZES, MT_ALLOCS(allocs),
                                     a->allocated, bytes);
    mt_counters_save(unit, a);
    a->allocated += bytes;
    a->allocs = (allocs + 1) | (several ? MT_ALLOCS_SIZES : 0);
    if (a->allocated - a->gone > a->live_peak)
        a->live_peak = a->allocated - a->gone;
}

static inline __attribute__((always_inline)) void
mt_counters_subtract(uint32_t unit, uint64_t bytes, uint32_t count)
{
    if (mt_counters_is_small(unit)) {
        struct mt_small *s = mt_counters_at(unit);
        if (__builtin_expect(!(s->gone & MT_SMALL_MOVED), 1)) {
            mt_counters_save_small(unit, s);
            s->gone += count << 16 | (uint32_t)bytes;
            return;
        }
        unit = MT_LINK_NEXT(s->link);
    }
    struct mt_alloc *a = mt_counters_at(unit);
    mt_counters_save(unit, a);
    a->gone += bytes;
    a->gone_count += count;
}

/* At the end of an event that allocated at the record of this link: the level then, and its place in time. */
static inline __attribute__((always_inline)) void mt_counters_came_at(uint32_t link, uint64_t level,
                                                                      uint64_t last)
{
    void *at = mt_counters_at(MT_LINK_NEXT(link));
    struct mt_small *s = at;
    struct mt_alloc *a = at;
    s->last = last; /* in the same place of both */
    if (MT_LINK_KIND(link) == MT_KIND_SMALL) {
        s->level = (uint32_t)level;
        s->level_high = (uint16_t)(level >> 32);
    } else {
        a->level = level;
    }
}

/* Count a release of `bytes`; `link`: of mt_counters_find for that. */
static inline __attribute__((always_inline)) void mt_counters_released(uint32_t link,
                                                                       uint64_t bytes)
{
    void *at = mt_counters_at(MT_LINK_NEXT(link));
    struct mt_small_release *s = at;
    struct mt_release *r = at;
    if (MT_LINK_KIND(link) == MT_KIND_SMALL_RELEASE) {
        s->released += (uint32_t)bytes;
        s->releases++;
    } else {
        r->released += bytes;
        r->releases++;
    }
}

/* At the end of an event that released at the record of this link. */
static inline __attribute__((always_inline)) void
mt_counters_released_at(uint32_t link, uint64_t level, uint64_t last)
{
    void *at = mt_counters_at(MT_LINK_NEXT(link));
    struct mt_small_release *s = at;
    struct mt_release *r = at;
    if (MT_LINK_KIND(link) == MT_KIND_SMALL_RELEASE) {
        s->level = (uint32_t)level;
        s->level_high = (uint16_t)(level >> 32);
        s->last = last;
    } else {
        r->level = level;
        r->last = last;
    }
}

/* Whether the record of this link has room for one more event, of `bytes`: else that takes another record. A small one that has moved
 * has none. */
static inline __attribute__((always_inline)) bool mt_counters_room(uint32_t link, uint64_t bytes)
{
    void *at = mt_counters_at(MT_LINK_NEXT(link));
    uint32_t kind = MT_LINK_KIND(link);
    if (kind == MT_KIND_SMALL) {
        const struct mt_small *s = at;
        return bytes <= MT_SMALL_BYTES - s->allocated &&
               MT_SMALL_COUNT(s->allocs) != MT_SMALL_ALLOCS;
    }
    if (kind == MT_KIND_SMALL_RELEASE) {
        const struct mt_small_release *s = at;
        return bytes <= UINT32_MAX - s->released && s->releases != UINT16_MAX;
    }
    if (kind < MT_KIND_RELEASE)
        return MT_ALLOCS(((struct mt_alloc *)at)->allocs) != MT_ALLOCS(UINT32_MAX);
    if (kind < MT_KIND_RESIDENT) /* mt_discard has its count in the same place */
        return ((struct mt_release *)at)->releases != UINT32_MAX;
    return true;
}

/* As mt_counters_find, for the leaf of an event's stack. The record that the last event here used
 * is noted with it, and is nearly always the one. Inlined, as `kind` is known there. */
static inline __attribute__((always_inline)) uint32_t
mt_counters_hinted(struct mt_counters *c, struct mt_known *stack, uint32_t kind, uint64_t bytes)
{
    uint32_t link = stack->unit, small = 0, is = MT_LINK_KIND(link);
    if (kind == MT_KIND_ALLOC)
        small = MT_KIND_SMALL;
    else if (kind == MT_KIND_RELEASE)
        small = MT_KIND_SMALL_RELEASE;
    if (__builtin_expect(is == kind, 1)) {
        if (__builtin_expect(mt_counters_room(MT_LINK_NEXT(link) << 4 | kind, bytes), 1))
            return link;
    } else if (small && is == small) {
        if (__builtin_expect(mt_counters_room(MT_LINK_NEXT(link) << 4 | small, bytes), 1))
            return link;
    }
    return stack->unit = mt_counters_find(c, stack->leaf, kind, bytes);
}

/* `bytes` came to be live at the record of this link, by one allocation; or went from the one at this unit, by `count` releases
 * (0: a part of a mapping went, and the rest is still live). Any thread. */
void mt_counters_came(uint32_t link, uint64_t bytes);
void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count);

/* The resident set has grown here by `bytes`; `link`: of an mt_resident. */
void mt_counters_grown(uint32_t link, int64_t bytes);

/* Events that no node can be found for, for want of space, are node 0's, whichever thread's they
 * are. Its records are made when the log begins and has space. */
void mt_counters_lost_init(void);
/* Such an event allocates (the record's link), releases, or gives memory back that stays mapped. 0, false: the record's count is full, and there is no space
 * for another. Any thread; `c`: its own. */
uint32_t mt_counters_lost_came(struct mt_counters *c, uint32_t class, uint64_t bytes);
bool mt_counters_lost_went(struct mt_counters *c, uint32_t class, uint64_t bytes);
bool mt_counters_lost_discarded(struct mt_counters *c, uint64_t bytes);
void mt_counters_lost_grown(struct mt_counters *c, int64_t bytes);

void mt_counters_forget(void); /* the child of a fork */

#endif
