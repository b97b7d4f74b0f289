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

/* Those of the mt_alloc at `unit`, which the model has found sound. */
static void add_record(struct sizes *sizes, const struct tables *tables, uint32_t unit)
{
    struct mt_sizes small;
    struct mt_large large;
    if ((uint64_t)unit + 4 > tables->unit_count)
        return;
    memcpy(&small, tables->units + ((uint64_t)unit + 2) * MT_UNIT, sizeof small);
    if (MT_LINK_KIND(small.link) != MT_KIND_SIZES)
        return;
    for (unsigned i = 0; i < MT_SIZES_SMALL; i++)
        sizes->count[i] += small.count[i];
    uint64_t more = MT_LINK_NEXT(small.link);
    if (!more || more + 4 > tables->unit_count)
        return;
    memcpy(&large, tables->units + more * MT_UNIT, sizeof large);
    if (MT_LINK_KIND(large.link) != MT_KIND_LARGE)
        return;
    for (unsigned i = 0; i < MT_SIZES_LARGE; i++)
        sizes->count[MT_SIZES_SMALL + i] += large.count[i];
}

/* A damaged chain may go on for ever: no more records than the region has. */
void sizes_add(struct sizes *sizes, const struct model *model, uint32_t node, unsigned class)
{
    const struct tables *tables = model->log->tables;
    if (!model->log->header.sizes || node >= tables->node_count)
        return;
    uint32_t unit = tables->nodes[node].counters;
    for (uint32_t left = tables->unit_count; unit && unit < tables->unit_count && left; left--) {
        uint32_t link;
        memcpy(&link, tables->units + (uint64_t)unit * MT_UNIT, sizeof link);
        if (MT_LINK_KIND(link) == MT_KIND_ALLOC + class)
            add_record(sizes, tables, unit);
        unit = MT_LINK_KIND(link) ? MT_LINK_NEXT(link) : 0;
    }
}
