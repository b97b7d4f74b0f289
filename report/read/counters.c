/* SPDX-License-Identifier: MIT */
#include "read/counters.h"

static bool is_alloc(uint32_t kind)
{
    return kind >= MT_KIND_ALLOC && kind < MT_KIND_ALLOC + MT_CLASSES;
}

uint32_t counter_units(uint32_t version, uint32_t kind)
{
    if (version == MT_VERSION_2)
        return is_alloc(kind) || kind == MT_KIND_SIZES ? 2 : 1;
    size_t bytes = is_alloc(kind)                  ? sizeof(struct mt_alloc)
                   : kind == MT_KIND_SMALL         ? sizeof(struct mt_small)
                   : kind == MT_KIND_SMALL_RELEASE ? sizeof(struct mt_small_release)
                   : kind == MT_KIND_SIZES         ? sizeof(struct mt_sizes)
                                                   : sizeof(struct mt_release);
    return (uint32_t)(bytes / MT_UNIT);
}

static const unsigned char *unit_at(const struct tables *tables, uint32_t unit)
{
    return tables->units + (uint64_t)unit * tables->unit_bytes;
}

static struct mt_alloc of_version_2(const struct tables *tables, uint32_t unit)
{
    struct mt_alloc_2 old;
    memcpy(&old, unit_at(tables, unit), sizeof old);
    return (struct mt_alloc){
        .allocs = old.allocs,
        .allocated = old.allocated,
        .last = old.last,
        .gone = old.gone,
        .live_peak = old.live_peak,
        .saved = old.saved,
        .level = old.level,
        .gone_count = old.gone_count,
        .saved_seq = old.saved_seq,
        .held = unit / 2 < tables->held_count ? tables->held[unit / 2] : 0,
    };
}

static struct mt_alloc of_small(const struct mt_small *s)
{
    return (struct mt_alloc){
        .allocs = MT_SMALL_COUNT(s->allocs) | (s->allocs & MT_SMALL_SIZES ? MT_ALLOCS_SIZES : 0),
        .allocated = s->allocated,
        .last = s->last,
        .gone = MT_SMALL_GONE(s->gone),
        .live_peak = s->live_peak,
        .saved = s->saved,
        .level = (uint64_t)s->level_high << 32 | s->level,
        .gone_count = MT_SMALL_GONE_COUNT(s->gone),
        .saved_seq = s->saved_seq,
        .held = s->held,
        .temporary = s->temporary,
        .temporary_bytes = s->temporary_bytes,
    };
}

static void read_small(const struct tables *tables, uint32_t unit, struct counter *counter)
{
    struct mt_small small;
    memcpy(&small, unit_at(tables, unit), sizeof small);
    counter->kind = MT_KIND_ALLOC + MT_HEAP;
    counter->moved = small.gone & MT_SMALL_MOVED;
    counter->alloc = of_small(&small);
}

static void read_small_release(const struct tables *tables, uint32_t unit, struct counter *counter)
{
    struct mt_small_release small;
    memcpy(&small, unit_at(tables, unit), sizeof small);
    counter->kind = MT_KIND_RELEASE + MT_HEAP;
    counter->release = (struct mt_release){
        .releases = small.releases,
        .released = small.released,
        .level = (uint64_t)small.level_high << 32 | small.level,
        .last = small.last,
    };
}

bool counter_read(const struct tables *tables, uint32_t unit, struct counter *counter)
{
    uint32_t link, version = tables->header.version;
    *counter = (struct counter){.units = 1};
    memcpy(&link, unit_at(tables, unit), sizeof link);
    counter->kind = MT_LINK_KIND(link);
    counter->next = MT_LINK_NEXT(link);
    if (!counter->kind)
        return true;
    counter->units = counter_units(version, counter->kind);
    if (counter->units > tables->unit_count - unit)
        return false;
    if (version != MT_VERSION_2 && counter->kind == MT_KIND_SMALL)
        read_small(tables, unit, counter);
    else if (version != MT_VERSION_2 && counter->kind == MT_KIND_SMALL_RELEASE)
        read_small_release(tables, unit, counter);
    else if (is_alloc(counter->kind) && version == MT_VERSION_2)
        counter->alloc = of_version_2(tables, unit);
    else if (is_alloc(counter->kind))
        memcpy(&counter->alloc, unit_at(tables, unit), sizeof counter->alloc);
    else if (counter_is_release(counter->kind) || counter->kind == MT_KIND_DISCARD ||
             counter->kind == MT_KIND_RESIDENT || counter->kind == MT_KIND_2_TEMPORARY)
        memcpy(&counter->release, unit_at(tables, unit), sizeof counter->release);
    if (version == MT_VERSION_2 && counter->kind == MT_KIND_2_TEMPORARY)
        counter->kind = COUNTER_TEMPORARY;
    return true;
}

void counter_sizes(const struct tables *tables, uint32_t unit,
                   uint32_t counts[MT_SIZES_SMALL + MT_SIZES_LARGE])
{
    struct mt_sizes small;
    struct mt_large large;
    memset(counts, 0, (MT_SIZES_SMALL + MT_SIZES_LARGE) * sizeof *counts);
    memcpy(&small, unit_at(tables, unit), sizeof small);
    memcpy(counts, small.count, sizeof small.count);
    if (!small.large || (uint64_t)small.large * tables->unit_bytes + sizeof large >
                            (uint64_t)tables->unit_count * tables->unit_bytes)
        return;
    memcpy(&large, unit_at(tables, small.large), sizeof large);
    if (tables->header.version == MT_VERSION_2 ? MT_LINK_KIND(large.link) == MT_KIND_2_LARGE
                                               : large.link == MT_LARGE_LINK)
        memcpy(counts + MT_SIZES_SMALL, large.count, sizeof large.count);
}
