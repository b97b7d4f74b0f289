/* SPDX-License-Identifier: MIT */
#include "read/entries.h"

#include <stdlib.h>

#include "base/base.h"

static struct entry packed(const struct sums *sums)
{
    return (struct entry){.flags = sums->happened ? ENTRY_HAPPENED : 0,
                          .level = (uint32_t)sums->level,
                          .level_high = (uint16_t)(sums->level >> 32),
                          .last = (uint32_t)sums->last,
                          .last_high = (uint32_t)(sums->last >> 32),
                          .allocated = (uint32_t)sums->allocated,
                          .released = (uint32_t)sums->released,
                          .gone = (uint32_t)sums->gone,
                          .late = (int32_t)sums->late,
                          .at_peak = (int32_t)sums->at_peak,
                          .blocks_at_peak = (uint32_t)sums->blocks_at_peak,
                          .allocations = (uint32_t)sums->allocations,
                          .releases = (uint32_t)sums->releases,
                          .gone_count = (uint32_t)sums->gone_count,
                          .live_peak = (uint32_t)sums->live_peak,
                          .temporary = (uint32_t)sums->temporary,
                          .temporary_bytes = (uint32_t)sums->temporary_bytes,
                          .slack = (uint32_t)sums->slack};
}

/* Nothing is lost by packing: all that is not packed is 0, no unsigned figure has more than 32 bits, no signed one more than 31 and its
 * sign. */
static bool fits(const struct sums *s)
{
    uint64_t all = s->allocated | s->released | s->gone | s->blocks_at_peak | s->allocations |
                   s->releases | s->gone_count | s->live_peak | s->temporary | s->temporary_bytes |
                   s->slack;
    return all <= UINT32_MAX && !(s->level >> 48) && s->late == (int32_t)s->late &&
           s->at_peak == (int32_t)s->at_peak &&
           !(s->discarded | s->discards | (uint64_t)s->resident | s->readings);
}

static struct entry put_apart(struct entries *entries, const struct sums *sums)
{
    entries->apart = base_room(entries->apart, &entries->apart_cap, entries->apart_count + 1,
                               sizeof *entries->apart);
    entries->apart[entries->apart_count] = *sums;
    return (struct entry){.flags = ENTRY_APART, .at_apart = (uint32_t)entries->apart_count++};
}

void entries_room(struct entries *entries, size_t count)
{
    entries->list = base_alloc(count, sizeof *entries->list);
    entries->cap = count;
}

void entries_add(struct entries *entries, uint32_t node, uint32_t class, const struct sums *sums)
{
    struct entry entry = fits(sums) ? packed(sums) : put_apart(entries, sums);
    entry.node = node;
    entry.class = (uint8_t) class;
    entries->list =
        base_room(entries->list, &entries->cap, entries->count + 1, sizeof *entries->list);
    entries->list[entries->count++] = entry;
}

void entries_set(struct entries *entries, size_t at, const struct sums *sums)
{
    struct entry *was = &entries->list[at], now;
    if (was->flags & ENTRY_APART) {
        entries->apart[was->at_apart] = *sums;
        return;
    }
    now = fits(sums) ? packed(sums) : put_apart(entries, sums);
    now.node = was->node;
    now.class = was->class;
    *was = now;
}

void entries_more(struct entries *entries, size_t at, const struct sums *more)
{
    struct sums sums = entry_sums(entries, &entries->list[at]);
    sums_add(&sums, more);
    entries_set(entries, at, &sums);
}

void entries_free(struct entries *entries)
{
    free(entries->list);
    free(entries->apart);
    *entries = (struct entries){0};
}
