/* SPDX-License-Identifier: MIT */
#include "fold/fold.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/map.h"
#include "fold/by_place.h"
#include "fold/executions.h"
#include "fold/keys.h"
#include "fold/rises.h"
#include "fold/select.h"

/* One query under way. */
struct folding {
    const struct stacks *stacks;
    const struct query *query;
    const struct selection *selection;
    struct rows *rows;
    struct tree tree;
    struct sums *sums; /* BY_TREE, of each entry: of its leaves, or of all below it */
};

/* The sums of each entry's own leaves. */
static void sum_leaves(struct folding *f)
{
    f->sums = base_alloc(f->tree.count, sizeof *f->sums);
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        if (!selection_has(f->selection, leaf.node))
            continue;
        query_add(f->query, &f->sums[f->tree.of_node[leaf.node]], leaf.class, &leaf.sums);
    }
}

/* ... and of all below it. */
static void sum_subtrees(struct folding *f)
{
    sum_leaves(f);
    for (uint32_t e = f->tree.count; e-- > 1;)
        sums_add(&f->sums[f->tree.parent[e]], &f->sums[e]);
}

/* ---- rows by thread ---- */

static void fold_threads(struct folding *f)
{
    const struct model *model = &f->stacks->model;
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        if (!selection_has(f->selection, leaf.node))
            continue;
        query_add(f->query, &f->rows->list[leaf.thread].sums, leaf.class, &leaf.sums);
    }
    for (uint32_t i = 1; i < model->node_count && query_wants(f->query, METRIC_RISE); i++) {
        struct row *row = &f->rows->list[model->nodes[i].thread];
        uint64_t rise = selection_has(f->selection, i) ? rise_of_node(f->stacks, i) : 0;
        if (rise > row->rise)
            row->rise = rise;
    }
}

/* ---- rows by class ---- */

static void forget_level(struct sums *sums)
{
    sums->last = sums->level = 0;
    sums->happened = false;
}

static void fold_classes(struct folding *f)
{
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        if (!selection_has(f->selection, leaf.node) || !query_counts(f->query, leaf.class))
            continue;
        struct row *row = &f->rows->list[leaf.class];
        sums_add(&row->sums, &leaf.sums);
        row->class = (uint8_t)leaf.class;
        forget_level(&row->sums);
    }
}

/* ---- rows by stack ---- */

/* One row for each stack and class, of whatever thread. */
static void fold_sites(struct folding *f)
{
    struct rows *rows = f->rows;
    struct map index = {0};
    struct leaf leaf;
    size_t cap = 0;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        const struct sums *sums = &leaf.sums;
        if (!selection_has(f->selection, leaf.node) ||
            (!sums->allocations && !sums->releases && !sums->gone_count && !sums->discards))
            continue; /* or only a reading of the resident set */
        if (f->query->filter.classes && !query_counts(f->query, leaf.class))
            continue;
        uint32_t entry = f->tree.of_node[leaf.node];
        uint32_t *found = map_at(&index, (uint64_t)entry << 3 | leaf.class);
        if (!*found) {
            rows->list = base_room(rows->list, &cap, rows->count + (size_t)1, sizeof *rows->list);
            rows->list[rows->count++] = (struct row){.key = entry, .class = (uint8_t)leaf.class};
            *found = rows->count;
        }
        struct row *row = &rows->list[*found - 1];
        sums_add(&row->sums, sums);
        if (!query_counts(f->query, leaf.class))
            row->sums.at_peak = row->sums.blocks_at_peak = 0; /* the peak is the level's */
        forget_level(&row->sums);
        uint64_t rise = query_wants(f->query, METRIC_RISE) ? rise_of_node(f->stacks, leaf.node) : 0;
        if (rise > row->rise)
            row->rise = rise;
    }
    map_free(&index);
}

/* Own rises: of the nodes where the stacks end. */
static void rises_of_leaves(struct folding *f)
{
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        struct row *row = &f->rows->list[f->tree.of_node[leaf.node]];
        uint64_t rise =
            selection_has(f->selection, leaf.node) ? rise_of_node(f->stacks, leaf.node) : 0;
        if (rise > row->rise)
            row->rise = rise;
    }
}

static void rises_of_entries(struct folding *f)
{
    struct rising rising = {.tree = &f->tree, .list = f->rows->list, .count = f->rows->count};
    struct children children = children_of_nodes(&f->stacks->model);
    struct rises rises;
    rises_begin(&rises, f->stacks, f->selection, &children, &rising, 1);
    for (uint32_t i = 0; i < f->stacks->model.node_count; i++)
        rises_below(&rises, i);
    rises_end(&rises);
    children_free(&children);
}

/* One row for each entry of the tree. */
static void fold_tree(struct folding *f)
{
    struct rows *rows = f->rows;
    rows->count = f->tree.count;
    rows->list = base_alloc(rows->count, sizeof *rows->list);
    if (f->query->own)
        sum_leaves(f);
    else
        sum_subtrees(f);
    for (uint32_t e = 0; e < rows->count; e++) {
        rows->list[e] = (struct row){.sums = f->sums[e], .key = e};
        forget_level(&rows->list[e].sums);
    }
    if (query_wants(f->query, METRIC_RISE))
        (f->query->own ? rises_of_leaves : rises_of_entries)(f);
}

/* ---- all ---- */

static bool is_of_stacks(const struct query *query)
{
    return query->by == BY_SITE || query->by == BY_TREE;
}

static bool is_of_places(const struct query *query)
{
    return query->by <= BY_MODULE;
}

/* With a row for each key, if the keys are known beforehand. */
static struct rows rows_start(const struct stacks *stacks, enum grouping by)
{
    struct rows rows = {.by = by, .count = keys_count(stacks, by)};
    rows.list = rows.count ? base_alloc(rows.count, sizeof *rows.list) : NULL;
    for (uint32_t k = 0; k < rows.count; k++)
        rows.list[k].key = k;
    return rows;
}

static void fold_one(const struct stacks *stacks, const struct selection *selection,
                     const struct query *query, struct rows *rows)
{
    struct folding f = {.stacks = stacks, .query = query, .selection = selection, .rows = rows};
    if (is_of_stacks(query)) {
        tree_make(&f.tree, stacks, false);
        (query->by == BY_SITE ? fold_sites : fold_tree)(&f);
        rows->tree = f.tree;
    } else {
        (query->by == BY_THREAD ? fold_threads : fold_classes)(&f);
    }
    free(f.sums);
}

void fold_several(const struct stacks *stacks, const struct query *queries, struct rows *rows,
                  size_t count)
{
    struct by_place *of_places = base_alloc(count, sizeof *of_places);
    struct selection selection;
    size_t used = 0;
    selection_make(&selection, stacks, &queries->filter);
    for (size_t i = 0; i < count; i++) {
        rows[i] = rows_start(stacks, queries[i].by);
        if (is_of_places(&queries[i]))
            of_places[used++] = (struct by_place){&queries[i], &rows[i]};
        else
            fold_one(stacks, &selection, &queries[i], &rows[i]);
    }
    if (used)
        fold_by_place(stacks, &selection, of_places, used);
    bool imported = stacks->log.header.origin == LOG_IMPORTED;
    for (size_t i = 0; i < count; i++) {
        if (query_wants(&queries[i], METRIC_EXECUTIONS) && !selection.nodes)
            executions_put(stacks, &rows[i]);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            rows[i].list[k].riseless = imported || !query_wants(&queries[i], METRIC_RISE);
            rows[i].list[k].releaseless = imported;
        }
    }
    selection_free(&selection);
    free(of_places);
}

void fold(const struct stacks *stacks, const struct query *query, struct rows *rows)
{
    fold_several(stacks, query, rows, 1);
}

struct row fold_whole(const struct stacks *stacks, const struct filter *filter)
{
    struct query query = {.filter = *filter};
    struct selection selection;
    struct row whole = {.riseless = true};
    struct leaf leaf;
    selection_make(&selection, stacks, filter);
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);)
        if (selection_has(&selection, leaf.node))
            query_add(&query, &whole.sums, leaf.class, &leaf.sums);
    forget_level(&whole.sums);
    selection_free(&selection);
    return whole;
}

void fold_lines(const struct stacks *stacks, unsigned metrics, const struct filter *filter,
                struct rows *lines, struct rows *functions)
{
    const struct query queries[] = {{.by = BY_LINE, .metrics = metrics, .filter = *filter},
                                    {.by = BY_FUNCTION, .metrics = metrics, .filter = *filter}};
    struct rows rows[2];
    fold_several(stacks, queries, rows, 2);
    *lines = rows[0];
    *functions = rows[1];
    rises_of_functions(stacks, lines, functions);
}
