/* SPDX-License-Identifier: MIT */
#include "read/sizes.h"

#include <string.h>

#include "read/tables.h"

_Static_assert(SIZES == MT_SIZES_SMALL + MT_SIZES_LARGE, "all of the log's");

uint64_t sizes_from(unsigned i)
{
    return i ? (uint64_t)1 << (i + 2) : 0;
}

uint64_t sizes_to(unsigned i)
{
    return i == SIZES - 1 ? UINT64_MAX : ((uint64_t)1 << (i + 3)) - 1;
}

static unsigned power_of(uint64_t bytes)
{
    unsigned power = 0;
    while (power < SIZES - 1 && bytes > sizes_to(power))
        power++;
    return power;
}

/* Those of the mt_sizes at `unit`. */
static void add_several(struct sizes *sizes, const struct tables *tables, uint32_t unit)
{
    struct mt_sizes small;
    struct mt_large large;
    if ((uint64_t)unit + 2 > tables->unit_count)
        return;
    memcpy(&small, tables->units + (uint64_t)unit * MT_UNIT, sizeof small);
    for (unsigned i = 0; i < MT_SIZES_SMALL; i++)
        sizes->count[i] += small.count[i];
    if (!small.large || (uint64_t)small.large + 4 > tables->unit_count)
        return;
    memcpy(&large, tables->units + (uint64_t)small.large * MT_UNIT, sizeof large);
    if (MT_LINK_KIND(large.link) != MT_KIND_LARGE)
        return;
    for (unsigned i = 0; i < MT_SIZES_LARGE; i++)
        sizes->count[MT_SIZES_SMALL + i] += large.count[i];
}

static uint32_t link_at(const struct tables *tables, uint32_t unit)
{
    uint32_t link = 0;
    if (unit && unit < tables->unit_count)
        memcpy(&link, tables->units + (uint64_t)unit * MT_UNIT, sizeof link);
    return link;
}

/* Those of the mt_alloc at `unit`, with what is right behind it. */
static void add_record(struct sizes *sizes, const struct tables *tables, uint32_t unit)
{
    struct mt_alloc record;
    if ((uint64_t)unit + 2 > tables->unit_count)
        return;
    memcpy(&record, tables->units + (uint64_t)unit * MT_UNIT, sizeof record);
    uint32_t next = MT_LINK_NEXT(record.link), count = tables_allocs(tables, record.allocs);
    if (MT_LINK_KIND(link_at(tables, next)) == MT_KIND_SIZES)
        add_several(sizes, tables, next);
    else if (count && !(record.allocs & MT_ALLOCS_SIZES))
        sizes->count[power_of(record.allocated / count)] += count;
}

/* A damaged chain may go on for ever: no more records than the region has. */
void sizes_add(struct sizes *sizes, const struct model *model, uint32_t node, unsigned class)
{
    const struct tables *tables = model->log->tables;
    if (node >= model->logged && node < model->node_count)
        node = model->nodes[node].parent;
    if (!model->log->header.sizes || node >= tables->node_count)
        return;
    uint32_t unit = tables_node(tables, node).counters, left = tables->unit_count;
    for (uint32_t link; left && (link = link_at(tables, unit)); left--) {
        if (MT_LINK_KIND(link) == MT_KIND_ALLOC + class)
            add_record(sizes, tables, unit);
        unit = MT_LINK_NEXT(link);
    }
}
