/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/guard.h"
#include "base/lock.h"
#include "base/near.h"
#include "tables/counters.h"

#define LINE  8u /* units: 64 bytes */
#define LOCKS 256u
static struct {
    struct mt_lock lock;
    char pad[64 - sizeof(struct mt_lock)];
} locks[LOCKS] __attribute__((aligned(64)));

static struct mt_lock *lock_of(uint32_t unit)
{
    return &locks[unit / LINE % LOCKS].lock;
}

/* ---- Places in COUNTER. It is given out in pieces of 64 bytes, cache lines, of 8 units: an mt_small and a small release fill one together.
 * So each has its first unit at an even index but the release. ---- */

#define BEHIND      5u /* of an mt_small: a release */
#define ALLOC_LINES 2u /* of an mt_alloc, the last 48 bytes of which are left */
#define ALLOC_REST  10u

static uint32_t new_lines(uint32_t lines)
{
    uint64_t unit = mt_log_reserve(MT_REGION_COUNTER, MT_UNIT, lines * LINE);
    return unit && !(unit >> 28) ? (uint32_t)unit : 0;
}

/* A place is left over; where too many are, it is lost. */
static void spare(uint32_t *places, uint32_t *count, uint32_t unit)
{
    if (*count < MT_COUNTERS_SPARE)
        places[(*count)++] = unit;
}

static uint32_t new_small(struct mt_counters *c)
{
    if (c->allocs)
        return c->alloc[--c->allocs];
    uint32_t unit = new_lines(1);
    if (unit)
        spare(c->release, &c->releases, unit + BEHIND);
    return unit;
}

static uint32_t new_small_release(struct mt_counters *c)
{
    if (c->releases)
        return c->release[--c->releases];
    uint32_t unit = new_lines(1);
    if (!unit)
        return 0;
    if (c->allocs < MT_COUNTERS_SPARE) {
        spare(c->alloc, &c->allocs, unit);
        return unit + BEHIND;
    }
    spare(c->release, &c->releases, unit + sizeof(struct mt_small_release) / MT_UNIT);
    return unit;
}

static uint32_t new_alloc(struct mt_counters *c)
{
    uint32_t unit = new_lines(ALLOC_LINES);
    if (unit)
        spare(c->alloc, &c->allocs, unit + ALLOC_REST);
    return unit;
}

/* ---- Records ---- */

/* A new record for the chain of a node: its link. */
static uint32_t new_record(struct mt_counters *c, uint32_t kind, uint64_t bytes)
{
    uint32_t unit;
    if (kind == MT_KIND_ALLOC && bytes <= MT_SMALL_BYTES) {
        unit = new_small(c);
        kind = MT_KIND_SMALL;
    } else if (kind == MT_KIND_RELEASE && bytes <= UINT32_MAX) {
        unit = new_small_release(c);
        kind = MT_KIND_SMALL_RELEASE;
    } else if (kind < MT_KIND_RELEASE) {
        unit = new_alloc(c);
    } else {
        unit = new_lines(1);
    }
    return unit ? unit << 4 | kind : 0;
}

static uint32_t logical(uint32_t kind)
{
    return kind == MT_KIND_SMALL           ? MT_KIND_ALLOC
           : kind == MT_KIND_SMALL_RELEASE ? MT_KIND_RELEASE
                                           : kind;
}

/* The small record has no room for what comes: an mt_alloc takes its place. Its link, 0: no space. By the record's owner. What others
 * count as gone meanwhile is in what the mt_alloc gets, or they see that the record has moved. */
static uint32_t grow_small(struct mt_counters *c, uint32_t unit)
{
    uint32_t big = new_alloc(c);
    if (!big)
        return 0;
    struct mt_small *s = mt_counters_at(unit);
    struct mt_alloc *a = mt_counters_at(big);
    uint64_t *both = mt_counters_at(unit); /* link and gone */
    mt_lock_take(lock_of(unit));           /* nobody saves */
    a->allocs = MT_SMALL_COUNT(s->allocs) | (s->allocs & MT_SMALL_SIZES ? MT_ALLOCS_SIZES : 0);
    a->allocated = s->allocated;
    a->last = s->last;
    a->live_peak = s->live_peak;
    a->saved = s->saved;
    a->level = (uint64_t)s->level_high << 32 | s->level;
    a->saved_seq = s->saved_seq;
    a->held = s->held;
    a->temporary = s->temporary;
    a->temporary_bytes = s->temporary_bytes;
    uint64_t old = __atomic_load_n(both, __ATOMIC_ACQUIRE), moved;
    do {
        struct mt_small now;
        memcpy(&now, &old, sizeof old);
        a->link = MT_LINK_NEXT(now.link) << 4 | MT_KIND_ALLOC;
        a->gone = MT_SMALL_GONE(now.gone);
        a->gone_count = MT_SMALL_GONE_COUNT(now.gone);
        now.link = big << 4 | MT_KIND_SMALL;
        now.gone |= MT_SMALL_MOVED;
        memcpy(&moved, &now, sizeof moved);
    } while (
        !__atomic_compare_exchange_n(both, &old, moved, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    mt_lock_drop(lock_of(unit));
    s->allocated = MT_SMALL_BYTES; /* so that it is seen to have no room */
    s->allocs = MT_SMALL_ALLOCS;
    return big << 4 | MT_KIND_ALLOC;
}

MT_HOT uint32_t mt_counters_find(struct mt_counters *c, uint32_t node, uint32_t kind,
                                 uint64_t bytes)
{
    struct mt_node *n = mt_log_node(node);
    for (uint32_t unit = n->counters; unit;) {
        uint32_t link = *(uint32_t *)mt_counters_at(unit), is = MT_LINK_KIND(link);
        uint32_t itself = unit << 4 | is;
        if (logical(is) == kind && mt_counters_room(itself, bytes))
            return itself;
        if (is == MT_KIND_SMALL && kind == MT_KIND_ALLOC && mt_counters_moved(unit) == unit)
            return grow_small(c, unit);
        unit = MT_LINK_NEXT(link);
    }
    uint32_t made = new_record(c, kind, bytes);
    if (!made)
        return 0;
    *(uint32_t *)mt_counters_at(MT_LINK_NEXT(made)) = n->counters << 4 | MT_LINK_KIND(made);
    __atomic_store_n(&n->counters, MT_LINK_NEXT(made), __ATOMIC_RELEASE);
    return made;
}

/* What the record had live when the program finished, if that was now. */
static void finished(uint32_t unit, uint64_t live)
{
    uint64_t i = mt_log_reserve(MT_REGION_FINISH, sizeof(struct mt_finish), 1);
    struct mt_finish *f = (struct mt_finish *)mt_log.base[MT_REGION_FINISH] + i;
    if (i) {
        f->live = live;
        __atomic_store_n(&f->unit, unit, __ATOMIC_RELEASE);
    }
}

void mt_counters_keep(uint32_t unit, uint32_t seq, uint64_t live)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if ((a->saved_seq ^ seq) & ~MT_SEQ_FINISHED) {
        a->saved = live;
        a->held = MT_ALLOCS(a->allocs) - __atomic_load_n(&a->gone_count, __ATOMIC_RELAXED);
    }
    if (seq & ~a->saved_seq & MT_SEQ_FINISHED)
        finished(unit, live);
    __atomic_store_n(&a->saved_seq, seq, __ATOMIC_RELEASE);
}

void mt_counters_keep_small(uint32_t unit, uint32_t seq, uint64_t live)
{
    struct mt_small *s = mt_counters_at(unit);
    if ((s->saved_seq ^ seq) & ~MT_SEQ_FINISHED) {
        uint32_t gone = __atomic_load_n(&s->gone, __ATOMIC_RELAXED);
        s->saved = (uint16_t)live;
        s->held = (uint16_t)(MT_SMALL_COUNT(s->allocs) - MT_SMALL_GONE_COUNT(gone));
    }
    if (seq & ~s->saved_seq & MT_SEQ_FINISHED)
        finished(unit, live);
    __atomic_store_n(&s->saved_seq, seq, __ATOMIC_RELEASE);
}

/* Several threads change the record: the one that comes first after the peak saves, the others wait
 * for it. A change by a thread that has looked before counts as one after the peak: it was under
 * way. */
static void save_shared(uint32_t unit)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if (__atomic_load_n(&a->saved_seq, __ATOMIC_ACQUIRE) ==
        __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED))
        return;
    mt_lock_take(lock_of(unit));
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (a->saved_seq != seq)
        mt_counters_keep(unit, seq,
                         __atomic_load_n(&a->allocated, __ATOMIC_RELAXED) -
                             __atomic_load_n(&a->gone, __ATOMIC_RELAXED));
    mt_lock_drop(lock_of(unit));
}

/* The same of a small one. False: it has moved. */
static bool save_shared_small(uint32_t unit)
{
    struct mt_small *s = mt_counters_at(unit);
    bool there = mt_counters_moved(unit) == unit;
    if (there && __atomic_load_n(&s->saved_seq, __ATOMIC_ACQUIRE) ==
                     __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED))
        return true;
    mt_lock_take(lock_of(unit));
    there = mt_counters_moved(unit) == unit;
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (there && s->saved_seq != seq) {
        uint32_t gone = __atomic_load_n(&s->gone, __ATOMIC_RELAXED);
        mt_counters_keep_small(
            unit, seq, __atomic_load_n(&s->allocated, __ATOMIC_RELAXED) - MT_SMALL_GONE(gone));
    }
    mt_lock_drop(lock_of(unit));
    return there;
}

/* ---- sizes, and temporary blocks: records behind an mt_alloc ---- */

/* A new record right behind the one at `link`. Whoever reads the log meanwhile sees it whole, or not yet. */
static void put_behind(uint32_t *link, uint32_t unit, uint32_t kind)
{
    *(uint32_t *)mt_counters_at(unit) = MT_LINK_NEXT(*link) << 4 | kind;
    __atomic_store_n(link, unit << 4 | MT_LINK_KIND(*link), __ATOMIC_RELEASE);
}

/* The record right behind the one at `link`, if it is of this kind. */
static void *behind(const uint32_t *link, uint32_t kind)
{
    uint32_t unit = MT_LINK_NEXT(__atomic_load_n(link, __ATOMIC_ACQUIRE));
    uint32_t *next = mt_counters_at(unit);
    return unit && MT_LINK_KIND(*next) == kind ? next : NULL;
}

static void count_large(struct mt_sizes *s, uint32_t at, uint32_t count)
{
    if (!s->large) {
        uint32_t unit = new_lines(sizeof(struct mt_large) / (LINE * MT_UNIT));
        if (!unit)
            return;
        ((struct mt_large *)mt_counters_at(unit))->link = MT_LARGE_LINK;
        __atomic_store_n(&s->large, unit, __ATOMIC_RELEASE);
    }
    struct mt_large *large = mt_counters_at(s->large);
    large->count[at < MT_SIZES_LARGE ? at : MT_SIZES_LARGE - 1] += count;
}

/* index in mt_sizes.count, and on in mt_large.count */
static uint32_t power_of(uint64_t bytes)
{
    uint32_t power = 63u - (uint32_t)__builtin_clzll(bytes | 7) - 2;
    return power < MT_SIZES_SMALL + MT_SIZES_LARGE ? power : MT_SIZES_SMALL + MT_SIZES_LARGE - 1;
}

static void count_size(struct mt_sizes *s, uint32_t power, uint32_t count)
{
    if (power < MT_SIZES_SMALL)
        s->count[power] += count;
    else
        count_large(s, power - MT_SIZES_SMALL, count);
}

/* Without space for the record, the sizes are not known. */
bool mt_counters_size(uint32_t *link, bool several, uint32_t count, uint64_t allocated,
                      uint64_t bytes)
{
    uint32_t power = power_of(bytes);
    if (!several) {
        uint32_t first = count ? power_of(allocated / count) : power;
        if (first == power)
            return false;
        uint32_t unit = new_lines(1);
        if (unit) {
            count_size(mt_counters_at(unit), first, count);
            put_behind(link, unit, MT_KIND_SIZES);
        }
    }
    struct mt_sizes *s = behind(link, MT_KIND_SIZES);
    if (s)
        count_size(s, power, 1);
    return true;
}

static bool of_no_node(uint32_t unit);

void mt_counters_temporary(uint32_t unit, uint64_t bytes)
{
    if (mt_counters_is_small(unit)) {
        struct mt_small *s = mt_counters_at(unit);
        if (mt_counters_moved(unit) == unit) {
            s->temporary++;
            s->temporary_bytes = (uint16_t)(s->temporary_bytes + bytes);
            return;
        }
        unit = mt_counters_moved(unit);
    }
    struct mt_alloc *a = mt_counters_at(unit);
    if (__builtin_expect(!a->temporary, 0) && of_no_node(unit))
        return;
    a->temporary++;
    a->temporary_bytes += bytes;
}

static void came_small(uint32_t unit, uint32_t bytes)
{
    struct mt_small *s = mt_counters_at(unit);
    uint32_t allocs = s->allocs;
    bool several = mt_counters_sized(&s->link, allocs & MT_SMALL_SIZES, MT_SMALL_COUNT(allocs),
                                     s->allocated, bytes);
    save_shared_small(unit); /* it does not move: that is for its owner to do */
    uint32_t allocated = s->allocated + bytes;
    __atomic_store_n(&s->allocated, (uint16_t)allocated, __ATOMIC_RELAXED);
    s->allocs = (uint16_t)((allocs + 1) | (several ? MT_SMALL_SIZES : 0));
    uint32_t live = allocated - MT_SMALL_GONE(__atomic_load_n(&s->gone, __ATOMIC_RELAXED));
    if (live > s->live_peak)
        s->live_peak = (uint16_t)live;
}

MT_HOT void mt_counters_came(uint32_t link, uint64_t bytes)
{
    uint32_t unit = MT_LINK_NEXT(link);
    struct mt_alloc *a = mt_counters_at(unit);
    if (!mt_shared()) {
        mt_counters_add(link, bytes);
        return;
    }
    if (MT_LINK_KIND(link) == MT_KIND_SMALL) {
        came_small(unit, (uint32_t)bytes);
        return;
    }
    uint32_t allocs = a->allocs;
    bool several = mt_counters_sized(&a->link, allocs & MT_ALLOCS_SIZES, MT_ALLOCS(allocs),
                                     a->allocated, bytes);
    save_shared(unit);
    uint64_t allocated = a->allocated + bytes;
    __atomic_store_n(&a->allocated, allocated, __ATOMIC_RELAXED);
    a->allocs = (allocs + 1) | (several ? MT_ALLOCS_SIZES : 0);
    uint64_t live = allocated - __atomic_load_n(&a->gone, __ATOMIC_RELAXED);
    if (live > a->live_peak)
        a->live_peak = live;
}

/* False: the record has moved, to what is behind it now, and that is to count it. */
static bool went_small(uint32_t unit, uint32_t bytes, uint32_t count)
{
    struct mt_small *s = mt_counters_at(unit);
    return save_shared_small(unit) &&
           !(__atomic_fetch_add(&s->gone, count << 16 | bytes, __ATOMIC_ACQ_REL) & MT_SMALL_MOVED);
}

MT_HOT void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count)
{
    if (!mt_shared()) {
        mt_counters_subtract(unit, bytes, count);
        return;
    }
    if (mt_counters_is_small(unit)) {
        if (went_small(unit, (uint32_t)bytes, count))
            return;
        unit = mt_counters_moved(unit);
    }
    struct mt_alloc *a = mt_counters_at(unit);
    save_shared(unit);
    __atomic_fetch_add(&a->gone, bytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&a->gone_count, count, __ATOMIC_RELAXED);
}

void mt_counters_lost_init(void)
{
    struct mt_counters nobody = {0};
    __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_SIZES | MT_FLAG_HELD, __ATOMIC_RELAXED);
    mt_counters_find(&nobody, 0, MT_KIND_DISCARD, 0);
    mt_counters_find(&nobody, 0, MT_KIND_RESIDENT, 0);
    for (uint32_t class = MT_CLASSES;
         class -- > 0;) { /* the heap's are the first in the chain, and no small ones */
        mt_counters_find(&nobody, 0, MT_KIND_ALLOC + class, UINT64_MAX);
        mt_counters_find(&nobody, 0, MT_KIND_RELEASE + class, UINT64_MAX);
    }
}

/* The records of node 0 belong to no thread. */
static struct mt_lock lost_lock;
static bool any_lost; /* allocations */

/* Is the mt_alloc node 0's? By a thread whose event it may have been. */
static bool of_no_node(uint32_t unit)
{
    bool found = false;
    if (!__atomic_load_n(&any_lost, __ATOMIC_RELAXED))
        return false;
    mt_lock_take(&lost_lock);
    for (uint32_t at = mt_log_node(0)->counters; at && !found;
         at = MT_LINK_NEXT(*(uint32_t *)mt_counters_at(at)))
        found = at == unit;
    mt_lock_drop(&lost_lock);
    return found;
}

uint32_t mt_counters_lost_came(struct mt_counters *c, uint32_t class, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t link = mt_counters_find(c, 0, MT_KIND_ALLOC + class, UINT64_MAX);
    if (link) {
        mt_counters_came(link, bytes);
        __atomic_store_n(&any_lost, true, __ATOMIC_RELAXED);
    }
    mt_lock_drop(&lost_lock);
    return link;
}

bool mt_counters_lost_went(struct mt_counters *c, uint32_t class, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t link = mt_counters_find(c, 0, MT_KIND_RELEASE + class, UINT64_MAX);
    if (link)
        mt_counters_released(link, bytes);
    mt_lock_drop(&lost_lock);
    return link != 0;
}

bool mt_counters_lost_discarded(struct mt_counters *c, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t link = mt_counters_find(c, 0, MT_KIND_DISCARD, 0);
    if (link) {
        struct mt_discard *d = mt_counters_at(MT_LINK_NEXT(link));
        d->discarded += bytes;
        d->discards++;
    }
    mt_lock_drop(&lost_lock);
    return link != 0;
}

void mt_counters_grown(uint32_t link, int64_t bytes)
{
    struct mt_resident *r = mt_counters_at(MT_LINK_NEXT(link));
    r->grown += bytes;
    r->readings++;
}

void mt_counters_lost_grown(struct mt_counters *c, int64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t link = mt_counters_find(c, 0, MT_KIND_RESIDENT, 0);
    if (link)
        mt_counters_grown(link, bytes);
    mt_lock_drop(&lost_lock);
}

void mt_counters_forget(void)
{
    mt_lock_forget(&lost_lock);
    any_lost = false;
    for (unsigned i = 0; i < LOCKS; i++)
        mt_lock_forget(&locks[i].lock);
}
