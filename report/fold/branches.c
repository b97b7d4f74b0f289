/* SPDX-License-Identifier: MIT */
#include "fold/branches.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "fold/keys.h"
#include "fold/select.h"
#include "fold/tree.h"

#define BRANCHES_LEAST 1000u /* that are always allowed */

/* A branch that is still to come: pushed in reverse, so that the highest child comes first. */
struct pending {
    struct branch branch; /* `parent` is that of the list */
    uint32_t entry;       /* top-down: of the tree */
    size_t first, end;    /* inverted: its items */
};

/* Inverted: stacks whose way outward has come to the same entry. */
struct item {
    uint32_t entry;
    int64_t total, allocations;
};

struct growing {
    struct branches *to;
    const struct stacks *stacks;
    const struct branching *asked;
    struct tree tree;
    struct children children;
    int64_t *own, *total; /* by entry */
    int64_t *own_allocations, *allocations;
    uint64_t *gross; /* by entry: what is below it without regard to signs; NULL: as total */
    double least;    /* that a branch must have */
    struct pending *stack;
    size_t stacked, stack_cap;
    struct item *items;
    struct pending *found; /* children of the present branch */
    size_t found_count, found_cap;
};

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static uint64_t size_of(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* ---- the tree and its figures ---- */

static void tree_grow(struct growing *g)
{
    const struct frames *frames = &g->stacks->frames;
    const struct model *model = &g->stacks->model;
    unsigned char *skipped = base_alloc(frames->place_count + 1, 1);
    unsigned char *ends = base_alloc(model->node_count + (size_t)1, 1);
    uint32_t *keys = keys_of_places(g->stacks, g->asked->by);
    struct leaf leaf;
    for (size_t p = 0; p < frames->place_count; p++)
        skipped[p] = frames->functions[frames->places[p].function].rank > g->asked->rank;
    for (size_t at = 0; stacks_next(g->stacks, &at, &leaf);)
        ends[leaf.node] = 1;
    tree_make_without(&g->tree, g->stacks, keys, skipped, ends);
    free(keys);
    free(ends);
    free(skipped);
}

static void sum_leaves(struct growing *g)
{
    struct query query = {.filter = g->asked->filter};
    struct selection selection;
    struct leaf leaf;
    selection_make(&selection, g->stacks, &query.filter);
    for (size_t at = 0; stacks_next(g->stacks, &at, &leaf);) {
        uint32_t entry = g->tree.of_node[leaf.node];
        if (!selection_has(&selection, leaf.node))
            continue;
        if (query_counts(&query, leaf.class)) {
            g->own[entry] = plus(g->own[entry], sums_metric(&leaf.sums, g->asked->metric));
            g->own_allocations[entry] =
                plus(g->own_allocations[entry], (int64_t)leaf.sums.allocations);
        } else if (g->asked->metric == METRIC_RESIDENT) { /* of no class */
            g->own[entry] = plus(g->own[entry], leaf.sums.resident);
        }
    }
    selection_free(&selection);
}

static void sum_subtrees(struct growing *g)
{
    memcpy(g->total, g->own, g->tree.count * sizeof *g->total);
    memcpy(g->allocations, g->own_allocations, g->tree.count * sizeof *g->total);
    for (uint32_t e = 0; g->gross && e < g->tree.count; e++)
        g->gross[e] = size_of(g->own[e]);
    for (uint32_t e = g->tree.count; e-- > 1;) {
        uint32_t parent = g->tree.parent[e];
        g->total[parent] = plus(g->total[parent], g->total[e]);
        g->allocations[parent] = plus(g->allocations[parent], g->allocations[e]);
        if (g->gross)
            g->gross[parent] += g->gross[e];
    }
}

static void reach(int64_t *most, uint64_t value)
{
    int64_t bounded = value > INT64_MAX ? INT64_MAX : (int64_t)value;
    if (bounded > *most)
        *most = bounded;
}

/* Rises are known by place; a branch's is the highest of its places'. */
static void reach_rises(struct growing *g)
{
    const struct model *model = &g->stacks->model;
    const struct frames *frames = &g->stacks->frames;
    struct query query = {.by = BY_TREE, .metrics = 1u << METRIC_RISE, .filter = g->asked->filter};
    struct rows rows;
    fold(g->stacks, &query, &rows);
    uint32_t *keys = keys_of_places(g->stacks, g->asked->by);
    for (uint32_t i = 1; i < model->node_count; i++) {
        const uint32_t *places;
        uint32_t whole = rows.tree.of_node[i], entry = g->tree.of_node[i];
        for (uint32_t left = frames_places(frames, model->nodes[i].frame, &places); left; left--) {
            uint32_t place = places[left - 1];
            if (entry && g->tree.key[entry] == (keys ? keys[place] : place)) {
                reach(&g->total[entry], rows.list[whole].rise);
                entry = g->tree.parent[entry];
            }
            whole = rows.tree.parent[whole];
        }
    }
    for (uint32_t e = g->tree.count; e-- > 1;) /* of what is inside, as a lower bound */
        reach(&g->total[g->tree.parent[e]], (uint64_t)g->total[e]);
    free(keys);
    rows_free(&rows);
}

static void figures_make(struct growing *g)
{
    size_t count = g->tree.count;
    enum metric metric = g->asked->metric;
    g->own = base_alloc(count, sizeof *g->own);
    g->total = base_alloc(count, sizeof *g->total);
    g->own_allocations = base_alloc(count, sizeof *g->own_allocations);
    g->allocations = base_alloc(count, sizeof *g->allocations);
    if (metric == METRIC_INCREMENT || metric == METRIC_RESIDENT)
        g->gross = base_alloc(count, sizeof *g->gross);
    sum_leaves(g);
    sum_subtrees(g);
    if (metric == METRIC_RISE)
        reach_rises(g);
    uint64_t whole = g->gross ? g->gross[0] : size_of(g->total[0]);
    g->least = g->asked->min_share / 100 * (double)whole;
}

/* ---- what is folded ---- */

static int pending_order(const void *a, const void *b)
{
    const struct branch *x = &((const struct pending *)a)->branch;
    const struct branch *y = &((const struct pending *)b)->branch;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    if (x->allocations != y->allocations)
        return x->allocations > y->allocations ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

static uint64_t weight_of(const struct growing *g, const struct pending *one)
{
    return g->gross && !g->asked->inverted ? g->gross[one->entry] : size_of(one->branch.total);
}

static void found_add(struct growing *g, const struct pending *one)
{
    g->found = base_room(g->found, &g->found_cap, g->found_count + 1, sizeof *g->found);
    g->found[g->found_count++] = *one;
}

static void push(struct growing *g, const struct pending *one)
{
    g->stack = base_room(g->stack, &g->stack_cap, g->stacked + 1, sizeof *g->stack);
    g->stack[g->stacked++] = *one;
}

static void others_take(const struct growing *g, struct branch *others, const struct branch *one)
{
    others->folded++;
    others->allocations = plus(others->allocations, one->allocations);
    if (metric_adds(g->asked->metric))
        others->total = plus(others->total, one->total);
    else
        reach(&others->total, (uint64_t)one->total);
}

/* Is there room for one more branch? */
static bool has_room(struct growing *g, size_t kept)
{
    bool room = g->to->count + g->stacked + kept < 2 * (size_t)g->tree.count + BRANCHES_LEAST;
    g->to->cut |= !room;
    return room;
}

/* The children that were found, of the branch at `parent` in the list: the highest are kept, the others become one. */
static void settle(struct growing *g, uint32_t parent, uint32_t depth)
{
    struct pending others = {
        .branch = {.parent = parent, .key = BRANCH_OTHERS, .depth = depth + 1}};
    size_t kept = 0;
    if (g->found_count > 1)
        qsort(g->found, g->found_count, sizeof *g->found, pending_order);
    for (size_t i = 0; i < g->found_count; i++) {
        struct pending *one = &g->found[i];
        bool keep = kept < g->asked->top && depth < g->asked->depth &&
                    (double)weight_of(g, one) >= g->least &&
                    (one->branch.total || g->asked->min_share <= 0) && has_room(g, kept);
        one->branch.parent = parent;
        one->branch.depth = depth + 1;
        if (keep)
            g->found[kept++] = *one;
        else
            others_take(g, &others.branch, &one->branch);
    }
    if (others.branch.folded)
        push(g, &others);
    while (kept)
        push(g, &g->found[--kept]);
    g->found_count = 0;
}

/* ---- from the outermost caller inward ---- */

static void find_children(struct growing *g, const struct pending *of)
{
    for (uint32_t e = g->children.first[of->entry]; e; e = g->children.next[e]) {
        struct pending one = {.entry = e,
                              .branch = {.key = g->tree.key[e],
                                         .total = g->total[e],
                                         .own = g->own[e],
                                         .allocations = g->allocations[e]}};
        found_add(g, &one);
    }
}

/* ---- from what allocated outward ---- */

static int item_order(const void *a, const void *b, void *context)
{
    const struct item *x = a, *y = b;
    const uint32_t *key = context;
    if (key[x->entry] != key[y->entry])
        return key[x->entry] < key[y->entry] ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void item_add(struct item *to, const struct item *more, bool adds)
{
    to->total = adds                      ? plus(to->total, more->total)
                : more->total > to->total ? more->total
                                          : to->total;
    to->allocations = plus(to->allocations, more->allocations);
}

/* Sort items[first..end) by their entries' keys; those of one entry become one. The new end. */
static size_t items_gather(struct growing *g, size_t first, size_t end)
{
    size_t kept = first;
    if (end - first > 1)
        qsort_r(g->items + first, end - first, sizeof *g->items, item_order, g->tree.key);
    for (size_t i = first; i < end; i++)
        if (kept > first && g->items[kept - 1].entry == g->items[i].entry)
            item_add(&g->items[kept - 1], &g->items[i], metric_adds(g->asked->metric));
        else
            g->items[kept++] = g->items[i];
    return kept;
}

/* 0: there is none. */
static uint32_t caller_of(const struct growing *g, uint32_t entry)
{
    uint32_t parent = g->tree.parent[entry];
    return g->tree.key[parent] == TREE_APART ? 0 : parent;
}

/* Each key among items[first..end), which are gathered, becomes a child. */
static void find_callers(struct growing *g, size_t first, size_t end)
{
    bool adds = metric_adds(g->asked->metric);
    for (size_t i = first, next; i < end; i = next) {
        struct item sum = g->items[i];
        int64_t own = 0;
        for (next = i; next < end && g->tree.key[g->items[next].entry] == g->tree.key[sum.entry];
             next++) {
            const struct item *item = &g->items[next];
            if (next > i)
                item_add(&sum, item, adds);
            if (!caller_of(g, item->entry) && adds)
                own = plus(own, item->total);
        }
        struct pending one = {.first = i,
                              .end = next,
                              .branch = {.key = g->tree.key[sum.entry],
                                         .total = sum.total,
                                         .own = own,
                                         .allocations = sum.allocations}};
        found_add(g, &one);
    }
}

static size_t items_make(struct growing *g)
{
    size_t count = 0;
    bool adds = metric_adds(g->asked->metric);
    g->items = base_alloc(g->tree.count, sizeof *g->items);
    for (uint32_t e = 1; e < g->tree.count; e++)
        if (g->own[e] || g->own_allocations[e])
            g->items[count++] =
                (struct item){e, adds ? g->own[e] : g->total[e], g->own_allocations[e]};
    return count;
}

/* One step outward of all items of a branch. */
static void find_outward(struct growing *g, const struct pending *of)
{
    size_t end = of->first;
    for (size_t i = of->first; i < of->end; i++) {
        uint32_t parent = caller_of(g, g->items[i].entry);
        if (!parent)
            continue;
        g->items[end] = g->items[i];
        g->items[end++].entry = parent;
    }
    find_callers(g, of->first, items_gather(g, of->first, end));
}

/* ---- all ---- */

static uint32_t list_add(struct growing *g, const struct branch *branch)
{
    struct branches *to = g->to;
    to->list = base_room(to->list, &to->cap, to->count + 1, sizeof *to->list);
    to->list[to->count] = *branch;
    return (uint32_t)to->count++;
}

static void grow_root(struct growing *g)
{
    struct branch root = {
        .key = BRANCH_ROOT, .total = g->total[0], .allocations = g->allocations[0]};
    struct pending unknown = {.branch = {.key = BRANCH_UNKNOWN,
                                         .total = g->own[0],
                                         .own = g->own[0],
                                         .allocations = g->own_allocations[0]}};
    list_add(g, &root);
    if (g->asked->inverted) {
        size_t count = items_make(g);
        find_callers(g, 0, items_gather(g, 0, count));
    } else {
        g->children = children_make(g->tree.count);
        for (uint32_t e = g->tree.count; e-- > 1;)
            children_add(&g->children, g->tree.parent[e], e);
        find_children(g, &(struct pending){0});
    }
    settle(g, 0, 0);
    if (g->own[0] || g->own_allocations[0]) {
        unknown.branch.depth = 1;
        list_add(g, &unknown.branch);
    }
}

void branches_make(struct branches *branches, const struct stacks *stacks,
                   const struct branching *branching)
{
    struct growing g = {.to = branches, .stacks = stacks, .asked = branching};
    *branches = (struct branches){.by = branching->by, .metric = branching->metric};
    tree_grow(&g);
    figures_make(&g);
    branches->entries = g.tree.count - 1;
    grow_root(&g);
    while (g.stacked) {
        struct pending one = g.stack[--g.stacked];
        uint32_t at = list_add(&g, &one.branch);
        if (one.branch.key == BRANCH_OTHERS)
            continue;
        if (branching->inverted)
            find_outward(&g, &one);
        else
            find_children(&g, &one);
        settle(&g, at, one.branch.depth);
    }
    free(g.own);
    free(g.total);
    free(g.own_allocations);
    free(g.allocations);
    free(g.gross);
    free(g.stack);
    free(g.found);
    free(g.items);
    children_free(&g.children);
    tree_free(&g.tree);
}

void branches_free(struct branches *branches)
{
    free(branches->list);
    *branches = (struct branches){0};
}
