/* SPDX-License-Identifier: MIT */
#include "base/guard.h"
#include "base/lock.h"
#include "tables/counters.h"

#define LOCKS 256u
static struct {
    struct mt_lock lock;
    char pad[60];
} locks[LOCKS] __attribute__((aligned(64)));

static struct mt_lock *lock_of(uint32_t unit)
{
    return &locks[unit / 2 % LOCKS].lock;
}

/* Two units, the first at an even index, so that an mt_alloc lies in one cache line; a record of
 * one unit leaves the second to the thread's next such record. */
static uint32_t new_units(struct mt_thread *t, bool pair)
{
    if (!pair && t->spare_unit) {
        uint32_t unit = t->spare_unit;
        t->spare_unit = 0;
        return unit;
    }
    uint64_t unit = mt_log_reserve(MT_REGION_COUNTER, MT_UNIT, 2);
    if (!unit || unit >> 28)
        return 0;
    if (!pair)
        t->spare_unit = (uint32_t)unit + 1;
    return (uint32_t)unit;
}

static bool full(uint32_t unit, uint32_t kind)
{
    if (kind < MT_KIND_RELEASE)
        return ((struct mt_alloc *)mt_counters_at(unit))->allocs == UINT32_MAX;
    if (kind < MT_KIND_RESIDENT)
        return ((struct mt_release *)mt_counters_at(unit))->releases == UINT32_MAX;
    return false;
}

uint32_t mt_counters_find(struct mt_thread *t, uint32_t node, uint32_t kind)
{
    struct mt_node *n = mt_log_node(node);
    for (uint32_t unit = n->counters; unit;) {
        uint32_t link = *(uint32_t *)mt_counters_at(unit);
        if (MT_LINK_KIND(link) == kind && !full(unit, kind))
            return unit;
        unit = MT_LINK_NEXT(link);
    }
    uint32_t unit = new_units(t, kind < MT_KIND_RELEASE);
    if (!unit)
        return 0;
    *(uint32_t *)mt_counters_at(unit) = n->counters << 4 | kind;
    __atomic_store_n(&n->counters, unit, __ATOMIC_RELEASE);
    return unit;
}

uint32_t mt_counters_hinted(struct mt_thread *t, uint32_t kind)
{
    uint32_t unit = t->capture.hint->unit;
    if (unit && MT_LINK_KIND(*(uint32_t *)mt_counters_at(unit)) == kind && !full(unit, kind))
        return unit;
    return t->capture.hint->unit = mt_counters_find(t, t->capture.hint->leaf, kind);
}

/* While threads change it: the one that comes first after the peak saves, the others wait for it. A change by a thread that
 * has looked before is taken for one after the peak: it was under way. */
static void save_shared(uint32_t unit)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if (__atomic_load_n(&a->saved_seq, __ATOMIC_ACQUIRE) ==
        __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED))
        return;
    mt_lock_take(lock_of(unit));
    uint32_t seq = __atomic_load_n(&mt_log.header->peak_seq, __ATOMIC_RELAXED);
    if (a->saved_seq != seq) {
        a->saved = __atomic_load_n(&a->allocated, __ATOMIC_RELAXED) -
                   __atomic_load_n(&a->freed, __ATOMIC_RELAXED);
        __atomic_store_n(&a->saved_seq, seq, __ATOMIC_RELEASE);
    }
    mt_lock_drop(lock_of(unit));
}

void mt_counters_came(uint32_t unit, uint64_t bytes)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if (!mt_shared()) {
        mt_counters_add(a, bytes);
        return;
    }
    save_shared(unit);
    uint64_t allocated = a->allocated + bytes;
    __atomic_store_n(&a->allocated, allocated, __ATOMIC_RELAXED);
    a->allocs++;
    uint64_t live = allocated - __atomic_load_n(&a->freed, __ATOMIC_RELAXED);
    if (live > a->live_peak)
        a->live_peak = live;
}

void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count)
{
    struct mt_alloc *a = mt_counters_at(unit);
    if (!mt_shared()) {
        mt_counters_subtract(a, bytes, count);
        return;
    }
    save_shared(unit);
    __atomic_fetch_add(&a->freed, bytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&a->frees, count, __ATOMIC_RELAXED);
}

void mt_counters_lost_init(void)
{
    struct mt_thread nobody = {.spare_unit = 0};
    for (uint32_t class = MT_CLASSES; class -- > 0;) { /* the heap's are the first in the chain */
        mt_counters_find(&nobody, 0, MT_KIND_ALLOC + class);
        mt_counters_find(&nobody, 0, MT_KIND_RELEASE + class);
    }
}

/* Records of node 0 have no thread that they belong to. */
static struct mt_lock lost_lock;

uint32_t mt_counters_lost_came(struct mt_thread *t, uint32_t class, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t unit = mt_counters_find(t, 0, MT_KIND_ALLOC + class);
    if (unit)
        mt_counters_came(unit, bytes);
    mt_lock_drop(&lost_lock);
    return unit;
}

bool mt_counters_lost_went(struct mt_thread *t, uint32_t class, uint64_t bytes)
{
    mt_lock_take(&lost_lock);
    uint32_t unit = mt_counters_find(t, 0, MT_KIND_RELEASE + class);
    if (unit) {
        struct mt_release *r = mt_counters_at(unit);
        r->released += bytes;
        r->releases++;
    }
    mt_lock_drop(&lost_lock);
    return unit != 0;
}

void mt_counters_forget(void)
{
    lost_lock.held = 0;
    for (unsigned i = 0; i < LOCKS; i++)
        locks[i].lock.held = 0;
}
