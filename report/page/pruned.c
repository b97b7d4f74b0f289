/* SPDX-License-Identifier: MIT */
#include "page/pruned.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/rows.h"
#include "fold/select.h"

const enum metric page_figures[PAGE_FIGURES] = {
    METRIC_PEAK,        METRIC_LIVE,     METRIC_LEAKED,    METRIC_ALLOCATED,
    METRIC_ALLOCATIONS, METRIC_RELEASED, METRIC_TEMPORARY, METRIC_SLACK};

bool whole_threads(const struct stacks *stacks)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < stacks->model.node_count; i++) {
        const struct node *node = &stacks->model.nodes[i];
        if (!node->thread || node->outside)
            continue;
        if (first && node->thread != first)
            return true;
        first = node->thread;
    }
    return false;
}

/* Where nothing is added nothing is written: many figures are all 0, and take no memory then. */
static void whole_add(int64_t *to, int64_t more)
{
    if (more)
        *to = whole_sum(*to, more);
}

/* In place of the totals, for now, what happened at each entry itself. */
static void whole_own(struct whole *whole, const struct stacks *stacks, const struct filter *filter)
{
    struct query query = {.filter = *filter};
    struct selection selection;
    struct leaf leaf;
    selection_make(&selection, stacks, filter);
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        if (!selection_has(&selection, leaf.node) || !query_counts(&query, leaf.class))
            continue;
        uint32_t entry = whole->tree.of_node[leaf.node];
        for (unsigned f = 0; f < PAGE_FIGURES; f++)
            whole_add(&whole->total[f][entry], sums_metric(&leaf.sums, page_figures[f]));
    }
    selection_free(&selection);
}

#define DIGIT 16u /* bits */

static uint32_t share_digit(float share, unsigned digit)
{
    uint32_t bits;
    memcpy(&bits, &share, sizeof bits);
    return bits >> DIGIT * digit & ((1u << DIGIT) - 1);
}

/* Shares are in the order of their bit patterns: by the lower digit, then by the upper one. */
static void shares_sort(struct whole *whole)
{
    uint32_t count = 0, *start = base_alloc((size_t)1 << DIGIT, sizeof *start);
    float *from = base_alloc(whole->tree.count, sizeof *from);
    float *to = base_alloc(whole->tree.count, sizeof *to);
    for (uint32_t i = 0; i < whole->tree.count; i++)
        if (whole->share[i] > 0)
            from[count++] = whole->share[i];
    for (unsigned digit = 0; digit < 2; digit++) {
        memset(start, 0, ((size_t)1 << DIGIT) * sizeof *start);
        for (uint32_t i = 0; i < count; i++)
            start[share_digit(from[i], digit)]++;
        for (uint32_t d = 1u << DIGIT, at = 0; d-- > 0;) { /* the greatest come first */
            uint32_t of_digit = start[d];
            start[d] = at;
            at += of_digit;
        }
        for (uint32_t i = 0; i < count; i++)
            to[start[share_digit(from[i], digit)]++] = from[i];
        float *other = from;
        from = to;
        to = other;
    }
    whole->shares = from;
    free(to);
    free(start);
}

void whole_shares(struct whole *whole)
{
    uint32_t count = whole->tree.count;
    whole->share = base_alloc(count, sizeof *whole->share);
    whole->below = base_alloc(count, sizeof *whole->below);
    whole->children = children_make(count);
    for (uint32_t i = count; i-- > 0;) {
        bool acts = whole->share[i] > 0;
        for (unsigned f = 0; f < whole->figures && f < FIGURES_MARGIN; f++) {
            int64_t all = whole->total[f][0], part = whole->total[f][i];
            if (!part)
                continue;
            float share = all > 0 && part > 0 ? (float)((double)part / (double)all) : 1;
            acts = true;
            if (share > whole->share[i])
                whole->share[i] = share;
        }
        whole->acting += acts;
        whole->below[i] += whole->share[i] > 0;
        if (!i)
            break;
        uint32_t parent = whole->tree.parent[i];
        if (whole->share[parent] < whole->share[i])
            whole->share[parent] = whole->share[i];
        whole->below[parent] += whole->below[i];
        children_add(&whole->children, parent, i);
    }
    shares_sort(whole);
}

void whole_make(struct whole *whole, const struct stacks *stacks, const struct filter *filter)
{
    *whole = (struct whole){.figures = PAGE_FIGURES};
    tree_make(&whole->tree, stacks, whole_threads(stacks));
    uint32_t count = whole->tree.count;
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        whole->total[f] = base_alloc(count, sizeof *whole->total[f]);
    whole_own(whole, stacks, filter);
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        for (uint32_t i = count; i-- > 1;)
            whole_add(&whole->total[f][whole->tree.parent[i]], whole->total[f][i]);
    whole_shares(whole);
}

void whole_free(struct whole *whole)
{
    tree_free(&whole->tree);
    for (unsigned f = 0; f < FIGURES_MOST; f++) {
        free(whole->own[f]);
        free(whole->total[f]);
    }
    free(whole->share);
    free(whole->shares);
    free(whole->below);
    children_free(&whole->children);
    *whole = (struct whole){0};
}

/* The share that entries must have, so that there are at most `most`. */
static float share_least(const struct whole *whole, uint32_t most, double least)
{
    const float *shares = whole->shares;
    if (whole->acting <= most)
        return (float)least;
    uint32_t at = most ? most : 1;
    while (at > 1 && shares[at - 1] == shares[at]) /* all of one share, or none of them */
        at--;
    return shares[at - 1] > (float)least ? shares[at - 1] : (float)least;
}

static bool keeps(const struct pruned *pruned, uint32_t entry)
{
    float share = pruned->whole->share[entry];
    return share > 0 && share >= pruned->least;
}

static uint32_t add_row(struct pruned *pruned, uint32_t key, uint32_t entry, uint32_t level)
{
    pruned->key[pruned->count] = key;
    pruned->entry[pruned->count] = entry;
    pruned->level[pruned->count] = level;
    return pruned->count++;
}

int64_t pruned_own(const struct pruned *pruned, unsigned figure, uint32_t row)
{
    const struct children *children = &pruned->whole->children;
    const int64_t *total = pruned->whole->total[figure];
    uint32_t entry = pruned->entry[row];
    if (pruned->key[row] == PRUNED_OTHERS && row) {
        uint64_t all = 0;
        for (uint32_t child = children->first[entry]; child; child = children->next[child])
            all += keeps(pruned, child) ? 0 : (uint64_t)total[child];
        return (int64_t)all;
    }
    if (pruned->whole->own[figure])
        return pruned->whole->own[figure][entry];
    uint64_t own = (uint64_t)total[entry];
    for (uint32_t child = children->first[entry]; child; child = children->next[child])
        own -= (uint64_t)total[child];
    return (int64_t)own;
}

static void add_entry(struct pruned *pruned, uint32_t entry, uint32_t level)
{
    add_row(pruned, pruned->whole->tree.key[entry], entry, level);
    pruned->kept++;
}

/* The row of the children that are not kept, if they have any figures. */
static void add_others(struct pruned *pruned, uint32_t entry, uint32_t level)
{
    const struct whole *whole = pruned->whole;
    uint32_t row = UINT32_MAX;
    for (uint32_t child = whole->children.first[entry]; child;
         child = whole->children.next[child]) {
        if (keeps(pruned, child) || !whole->below[child])
            continue;
        if (row == UINT32_MAX)
            row = add_row(pruned, PRUNED_OTHERS, entry, level);
        pruned->folded[row] += whole->below[child];
    }
}

/* In pre-order, without recursion: stacks may be any number of frames deep. */
static void add_all(struct pruned *pruned)
{
    const uint32_t *parent = pruned->whole->tree.parent;
    const struct children *children = &pruned->whole->children;
    uint32_t at = 0, level = 0;
    add_entry(pruned, 0, 0);
    add_others(pruned, 0, 1);
    uint32_t child = children->first[0];
    for (;;) {
        while (child && !keeps(pruned, child))
            child = children->next[child];
        if (child) {
            add_entry(pruned, child, ++level);
            add_others(pruned, child, level + 1);
            at = child;
            child = children->first[at];
        } else if (!at) {
            return;
        } else {
            child = children->next[at];
            at = parent[at];
            level--;
        }
    }
}

void pruned_make(struct pruned *pruned, const struct whole *whole, uint32_t most, double least)
{
    *pruned = (struct pruned){.figures = whole->figures, .whole = whole};
    pruned->least = share_least(whole, most, least);
    size_t room = 3;
    for (uint32_t i = 0; i < whole->tree.count; i++)
        room += keeps(pruned, i) ? 2 : 0;
    pruned->key = base_alloc(room, sizeof *pruned->key);
    pruned->entry = base_alloc(room, sizeof *pruned->entry);
    pruned->level = base_alloc(room, sizeof *pruned->level);
    pruned->folded = base_alloc(room, sizeof *pruned->folded);
    add_all(pruned);
}

void pruned_free(struct pruned *pruned)
{
    free(pruned->key);
    free(pruned->entry);
    free(pruned->level);
    free(pruned->folded);
    *pruned = (struct pruned){0};
}
