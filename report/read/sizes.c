/* SPDX-License-Identifier: MIT */
#include "read/sizes.h"

#include "read/counters.h"

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

/* Those of the record, with what is right behind it. */
static void add_record(struct sizes *sizes, const struct tables *tables,
                       const struct counter *record)
{
    uint32_t counts[SIZES], count = tables_allocs(tables, record->alloc.allocs);
    struct counter next;
    if (record->next && record->next < tables->unit_count &&
        counter_read(tables, record->next, &next) && next.kind == MT_KIND_SIZES) {
        counter_sizes(tables, record->next, counts);
        for (unsigned i = 0; i < SIZES; i++)
            sizes->count[i] += counts[i];
    } else if (count && !(record->alloc.allocs & MT_ALLOCS_SIZES)) {
        sizes->count[power_of(record->alloc.allocated / count)] += count;
    }
}

/* A damaged chain may go on for ever: no more records than the region has. */
void sizes_add(struct sizes *sizes, const struct model *model, uint32_t node, unsigned class)
{
    const struct tables *tables = model->log->tables;
    if (node >= model->logged && node < model->node_count)
        node = model->nodes[node].parent;
    if (!model->log->header.sizes || node >= tables->node_count)
        return;
    uint32_t unit = tables_node(tables, node).counters;
    struct counter record;
    for (uint32_t left = tables->unit_count; left && unit && unit < tables->unit_count &&
                                             counter_read(tables, unit, &record) && record.kind;
         left--, unit = record.next)
        if (record.kind == MT_KIND_ALLOC + class && !record.moved)
            add_record(sizes, tables, &record);
}

void sizes_rest(const struct model *model)
{
    tables_rest(model->log);
}
