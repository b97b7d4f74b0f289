/* SPDX-License-Identifier: MIT */
#include "base/guard.h"
#include "base/lock.h"
#include "base/near.h"
#include "tables/counters.h"

#define LOCKS 256u
static struct {
    struct mt_lock lock;
    char pad[64 - sizeof(struct mt_lock)];
} locks[LOCKS] __attribute__((aligned(64)));

static struct mt_lock *lock_of(uint32_t unit)
{
    return &locks[unit / 2 % LOCKS].lock;
}

/* The first unit at an even index, so that an mt_alloc lies in one cache line. A record of one unit leaves the second one to the
 * thread's next such record. */
static uint32_t new_units(struct mt_counters *c, uint32_t count)
{
    if (count == 1 && c->spare) {
        uint32_t unit = c->spare;
        c->spare = 0;
        return unit;
    }
    uint64_t unit = mt_log_reserve(MT_REGION_COUNTER, MT_UNIT, count > 2 ? count : 2);
    if (!unit || unit >> 28)
        return 0;
    if (count == 1)
        c->spare = (uint32_t)unit + 1;
    return (uint32_t)unit;
}

MT_HOT uint32_t mt_counters_find(struct mt_counters *c, uint32_t node, uint32_t kind)
{
    struct mt_node *n = mt_log_node(node);
    for (uint32_t unit = n->counters; unit;) {
        uint32_t link = *(uint32_t *)mt_counters_at(unit);
        if (MT_LINK_KIND(link) == kind && !mt_counters_full(unit, kind))
            return unit;
        unit = MT_LINK_NEXT(link);
    }
    uint32_t unit = new_units(c, kind < MT_KIND_RELEASE ? 2 : 1);
    if (!unit)
        return 0;
    *(uint32_t *)mt_counters_at(unit) = n->counters << 4 | kind;
    __atomic_store_n(&n->counters, unit, __ATOMIC_RELEASE);
    return unit;
}

void mt_counters_keep(uint32_t unit, uint32_t seq, uint64_t live)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if ((a->saved_seq ^ seq) & ~MT_SEQ_FINISHED) {
        a->saved = live;
        *mt_counters_held(unit) =
            MT_ALLOCS(a->allocs) - __atomic_load_n(&a->gone_count, __ATOMIC_RELAXED);
    }
    if (seq & ~a->saved_seq & MT_SEQ_FINISHED) {
        uint64_t i = mt_log_reserve(MT_REGION_FINISH, sizeof(struct mt_finish), 1);
        struct mt_finish *f = (struct mt_finish *)mt_log.base[MT_REGION_FINISH] + i;
        if (i) {
            f->live = live;
            __atomic_store_n(&f->unit, unit, __ATOMIC_RELEASE);
        }
    }
    __atomic_store_n(&a->saved_seq, seq, __ATOMIC_RELEASE);
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
        uint32_t unit = new_units(&(struct mt_counters){0}, 4);
        if (!unit)
            return;
        ((struct mt_large *)mt_counters_at(unit))->link = MT_KIND_LARGE;
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
void mt_counters_size(struct mt_alloc *a, uint64_t bytes)
{
    uint32_t power = power_of(bytes), count = a->allocs;
    if (!(count & MT_ALLOCS_SIZES)) {
        uint32_t first = count ? power_of(a->allocated / count) : power;
        if (first == power)
            return;
        uint32_t unit = new_units(&(struct mt_counters){0}, 2);
        if (unit) {
            count_size(mt_counters_at(unit), first, count);
            put_behind(&a->link, unit, MT_KIND_SIZES);
        }
        a->allocs = count | MT_ALLOCS_SIZES;
    }
    struct mt_sizes *s = behind(&a->link, MT_KIND_SIZES);
    if (s)
        count_size(s, power, 1);
}

static bool of_no_node(uint32_t unit);

void mt_counters_temporary(struct mt_counters *c, uint32_t unit, uint64_t bytes)
{
    struct mt_alloc *a = mt_counters_at(unit);
    struct mt_sizes *s = behind(&a->link, MT_KIND_SIZES);
    uint32_t *link = s ? &s->link : &a->link;
    struct mt_temporary *temporary = behind(link, MT_KIND_TEMPORARY);
    if (__builtin_expect(!temporary, 0)) {
        uint32_t made = of_no_node(unit) ? 0 : new_units(c, 1);
        if (!made)
            return;
        put_behind(link, made, MT_KIND_TEMPORARY);
        temporary = mt_counters_at(made);
    }
    temporary->count++;
    temporary->bytes += bytes;
}

MT_HOT void mt_counters_came(uint32_t unit, uint64_t bytes)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if (!mt_shared()) {
        mt_counters_add(unit, bytes);
        return;
    }
    mt_counters_sized(a, bytes);
    save_shared(unit);
    uint64_t allocated = a->allocated + bytes;
    __atomic_store_n(&a->allocated, allocated, __ATOMIC_RELAXED);
    a->allocs++;
    uint64_t live = allocated - __atomic_load_n(&a->gone, __ATOMIC_RELAXED);
    if (live > a->live_peak)
        a->live_peak = live;
}

MT_HOT void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if (!mt_shared()) {
        mt_counters_subtract(unit, bytes, count);
        return;
    }
    save_shared(unit);
    __atomic_fetch_add(&a->gone, bytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&a->gone_count, count, __ATOMIC_RELAXED);
}

void mt_counters_lost_init(void)
{
    struct mt_counters nobody = {0};
    __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_SIZES | MT_FLAG_HELD, __ATOMIC_RELAXED);
    mt_counters_find(&nobody, 0, MT_KIND_DISCARD);
    mt_counters_find(&nobody, 0, MT_KIND_RESIDENT);
    for (uint32_t class = MT_CLASSES; class -- > 0;) { /* the heap's are the first in the chain */
        mt_counters_find(&nobody, 0, MT_KIND_ALLOC + class);
        mt_counters_find(&nobody, 0, MT_KIND_RELEASE + class);
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
    uint32_t unit = mt_counters_find(c, 0, MT_KIND_ALLOC + class);
    if (unit) {
        mt_counters_came(unit, bytes);
        __atomic_store_n(&any_lost, true, __ATOMIC_RELAXED);
    }
    mt_lock_drop(&lost_lock);
    return unit;
}

bool mt_counters_lost_went(struct mt_counters *c, uint32_t class, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t unit = mt_counters_find(c, 0, MT_KIND_RELEASE + class);
    if (unit) {
        struct mt_release *r = mt_counters_at(unit);
        r->released += bytes;
        r->releases++;
    }
    mt_lock_drop(&lost_lock);
    return unit != 0;
}

bool mt_counters_lost_discarded(struct mt_counters *c, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t unit = mt_counters_find(c, 0, MT_KIND_DISCARD);
    if (unit) {
        struct mt_discard *d = mt_counters_at(unit);
        d->discarded += bytes;
        d->discards++;
    }
    mt_lock_drop(&lost_lock);
    return unit != 0;
}

void mt_counters_grown(uint32_t unit, int64_t bytes)
{
    struct mt_resident *r = mt_counters_at(unit);
    r->grown += bytes;
    r->readings++;
}

void mt_counters_lost_grown(struct mt_counters *c, int64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t unit = mt_counters_find(c, 0, MT_KIND_RESIDENT);
    if (unit)
        mt_counters_grown(unit, bytes);
    mt_lock_drop(&lost_lock);
}

void mt_counters_forget(void)
{
    mt_lock_forget(&lost_lock);
    any_lost = false;
    for (unsigned i = 0; i < LOCKS; i++)
        mt_lock_forget(&locks[i].lock);
}
