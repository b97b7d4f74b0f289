/* SPDX-License-Identifier: MIT */
#include "fold/rises.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* A run that counts for a key's entry under one parent node. */
struct item {
    uint32_t entry;
    struct run run;
};

static int item_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return x->run.begin < y->run.begin ? -1 : x->run.begin > y->run.begin;
}

/* The item of items[0..count) that begins at `begin`; count if there is none. Sorted by begin. */
static size_t item_at(const struct item *items, size_t count, uint32_t begin)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].run.begin < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && items[low].run.begin == begin ? low : count;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t result;
    if (__builtin_add_overflow(a, b, &result))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

/* The highest rise of siblings that stand for one entry: adjacent runs are one run. next[i] is the
 * item that continues item i; each continues at most one, so that the chains are disjoint and this
 * is linear but for the look-ups, whatever the file says. Runs that lead round in a cycle (only in
 * a damaged log) count singly. */
static uint64_t items_rise(const struct item *items, size_t count, uint32_t *next,
                           unsigned char *continues)
{
    uint64_t best = 0;
    memset(continues, 0, count);
    for (size_t i = 0; i < count; i++) {
        size_t found = item_at(items, count, items[i].run.begin + items[i].run.len);
        next[i] = UINT32_MAX;
        if (found < count && !continues[found]) {
            next[i] = (uint32_t)found;
            continues[found] = 1;
        }
        if (items[i].run.rise > 0 && (uint64_t)items[i].run.rise > best)
            best = (uint64_t)items[i].run.rise;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t before = 0;
        for (size_t at = i; !continues[i] && at != UINT32_MAX; at = next[at]) {
            int64_t rise = plus(before, items[at].run.rise);
            if (rise > 0 && (uint64_t)rise > best)
                best = (uint64_t)rise;
            before = plus(before, items[at].run.net);
        }
    }
    return best;
}

struct rises {
    const struct stacks *stacks;
    const struct tree *tree;
    const uint32_t *row_of;
    const unsigned char *outermost;
    struct item *items;
    uint32_t *next;
    unsigned char *continues;
    size_t count, cap, next_cap, continues_cap;
};

static void rises_collect(struct rises *rises, uint32_t node)
{
    const struct model *model = &rises->stacks->model;
    const struct run *run = &model->runs.of_node[node];
    if (!run->len)
        return;
    const uint32_t *places;
    uint32_t count = frames_places(&rises->stacks->frames, model->nodes[node].frame, &places);
    uint32_t entry = rises->tree->of_node[node];
    for (uint32_t k = 0; k < count; k++, entry = rises->tree->parent[entry]) {
        if (!rises->outermost[entry])
            continue;
        rises->items = base_room(rises->items, &rises->cap, rises->count + 1, sizeof *rises->items);
        rises->items[rises->count++] = (struct item){entry, *run};
    }
}

/* The children of one node, as keys. */
static void rises_settle(struct rises *rises, struct row *list)
{
    if (rises->count > 1)
        qsort(rises->items, rises->count, sizeof *rises->items, item_order);
    rises->next = base_room(rises->next, &rises->next_cap, rises->count + 1, sizeof *rises->next);
    rises->continues = base_room(rises->continues, &rises->continues_cap, rises->count + 1, 1);
    for (size_t i = 0, end; i < rises->count; i = end) {
        for (end = i + 1; end < rises->count && rises->items[end].entry == rises->items[i].entry;)
            end++;
        uint32_t entry = rises->items[i].entry;
        struct row *row = &list[rises->row_of ? rises->row_of[entry] : entry];
        uint64_t rise = items_rise(rises->items + i, end - i, rises->next, rises->continues);
        if (rise > row->rise)
            row->rise = rise;
    }
    rises->count = 0;
}

void rises_of_keys(const struct stacks *stacks, const struct selection *selection,
                   const struct tree *tree, const uint32_t *row_of, const unsigned char *outermost,
                   struct row *list)
{
    const struct model *model = &stacks->model;
    uint32_t count = model->node_count;
    struct rises rises = {.stacks = stacks, .tree = tree, .row_of = row_of, .outermost = outermost};
    struct children children = children_make(count);
    for (uint32_t i = count; i-- > 1;)
        children_add(&children, model->nodes[i].parent, i);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t child = children.first[i]; child; child = children.next[child])
            if (selection_has(selection, child))
                rises_collect(&rises, child);
        rises_settle(&rises, list);
    }
    children_free(&children);
    free(rises.items);
    free(rises.next);
    free(rises.continues);
}

uint64_t rise_of_node(const struct stacks *stacks, uint32_t node)
{
    const struct run *run = &stacks->model.runs.of_node[node];
    return run->len && run->rise > 0 ? (uint64_t)run->rise : 0;
}
