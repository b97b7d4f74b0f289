/* SPDX-License-Identifier: MIT */
#include "counters.h"
#include "lock.h"
#include "tree.h"

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
    struct mt_node *n = mt_tree_node(node);
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
    uint32_t unit = t->hint->unit;
    if (unit && MT_LINK_KIND(*(uint32_t *)mt_counters_at(unit)) == kind && !full(unit, kind))
        return unit;
    return t->hint->unit = mt_counters_find(t, t->hint->leaf, kind);
}

void mt_counters_came(uint32_t unit, uint64_t bytes)
{
    if (!mt_shared()) {
        mt_counters_add(mt_counters_at(unit), bytes);
        return;
    }
    mt_lock_take(lock_of(unit));
    mt_counters_add(mt_counters_at(unit), bytes);
    mt_lock_drop(lock_of(unit));
}

void mt_counters_went(uint32_t unit, uint64_t bytes, uint32_t count)
{
    if (!mt_shared()) {
        mt_counters_subtract(mt_counters_at(unit), bytes, count);
        return;
    }
    mt_lock_take(lock_of(unit));
    mt_counters_subtract(mt_counters_at(unit), bytes, count);
    mt_lock_drop(lock_of(unit));
}

void mt_counters_forget(void)
{
    for (unsigned i = 0; i < LOCKS; i++)
        locks[i].lock.held = 0;
}
