/* SPDX-License-Identifier: MIT */
#include "page/sizes.h"

#include <stdlib.h>

#include "base/base.h"
#include "fold/select.h"

struct chosen {
    uint32_t row;
    int64_t allocations;
};

static int most_first(const void *a, const void *b)
{
    const struct chosen *x = a, *y = b;
    return (x->allocations < y->allocations) - (x->allocations > y->allocations);
}

static int in_order(const void *a, const void *b)
{
    const struct chosen *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static unsigned allocations_at(void)
{
    unsigned f = 0;
    while (page_figures[f] != METRIC_ALLOCATIONS)
        f++;
    return f;
}

/* In the order of the rows. The root is the first, whatever it did itself. */
static struct chosen *choose(const struct pruned *pruned, uint32_t most, uint32_t *count)
{
    unsigned figure = allocations_at();
    struct chosen *list = base_alloc(pruned->count, sizeof *list);
    uint32_t found = 1;
    list[0] = (struct chosen){0, INT64_MAX};
    for (uint32_t i = 1; i < pruned->count; i++) {
        int64_t own = pruned->key[i] == PRUNED_OTHERS ? 0 : pruned_own(pruned, figure, i);
        if (own > 0)
            list[found++] = (struct chosen){i, own};
    }
    qsort(list, found, sizeof *list, most_first);
    *count = found < most + 1 ? found : most + 1;
    qsort(list, *count, sizeof *list, in_order);
    return list;
}

static bool is_known(const struct stacks *stacks)
{
    return stacks->log.keeps_tables && stacks->log.header.sizes;
}

/* `place`: by entry, where in `sizes` its own are; 0: nowhere. NULL: those of all are in the first. */
static void count_leaves(const struct stacks *stacks, const struct filter *filter,
                         const struct whole *whole, const uint32_t *place, struct sizes *sizes)
{
    struct query query = {.filter = *filter};
    struct selection selection;
    struct leaf leaf;
    selection_make(&selection, stacks, filter);
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        uint32_t to = place ? place[whole->tree.of_node[leaf.node]] : 0;
        if ((place && !to) || !selection_has(&selection, leaf.node) ||
            !query_counts(&query, leaf.class))
            continue;
        sizes_add(&sizes[to], &stacks->model, leaf.node, leaf.class);
    }
    selection_free(&selection);
}

struct sizes sizes_of_all(const struct stacks *stacks, const struct filter *filter)
{
    struct sizes all = {0};
    if (is_known(stacks))
        count_leaves(stacks, filter, NULL, NULL, &all);
    sizes_rest(&stacks->model);
    return all;
}

static void put(const struct chosen *list, const struct sizes *sizes, uint32_t count,
                struct columns *columns)
{
    columns_begin(columns, "sizes.row");
    for (uint32_t i = 0; i < count; i++)
        columns_number(columns, list[i].row - (i ? list[i - 1].row : 0));
    uint32_t *from = base_alloc(count + 1, sizeof *from),
             *length = base_alloc(count + 1, sizeof *length);
    for (uint32_t i = 0; i < count; i++)
        for (unsigned power = 0; power < SIZES; power++) {
            if (!sizes[i].count[power])
                continue;
            from[i] = length[i] ? from[i] : power;
            length[i] = power + 1 - from[i];
        }
    columns_begin(columns, "sizes.from");
    for (uint32_t i = 0; i < count; i++)
        columns_number(columns, from[i]);
    columns_begin(columns, "sizes.length");
    for (uint32_t i = 0; i < count; i++)
        columns_number(columns, length[i]);
    columns_begin(columns, "sizes.count");
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t power = from[i]; power < from[i] + length[i]; power++)
            columns_number(columns, sizes[i].count[power]);
    free(from);
    free(length);
}

void sizes_columns(const struct stacks *stacks, const struct filter *filter,
                   const struct pruned *pruned, const struct sizes *all, uint32_t most,
                   struct columns *columns)
{
    uint32_t count = 0;
    bool known = is_known(stacks);
    struct chosen *list = known ? choose(pruned, most, &count) : NULL;
    struct sizes *sizes = base_alloc(count + 1, sizeof *sizes);
    if (known) {
        uint32_t *place = base_alloc(pruned->whole->tree.count, sizeof *place);
        for (uint32_t i = 1; i < count; i++)
            place[pruned->entry[list[i].row]] = i;
        sizes[0] = *all;
        count_leaves(stacks, filter, pruned->whole, place, sizes);
        free(place);
    }
    put(list, sizes, count, columns);
    free(sizes);
    free(list);
}
