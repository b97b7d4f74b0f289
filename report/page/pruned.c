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
            whole->total[f][entry] =
                whole_sum(whole->total[f][entry], sums_metric(leaf.sums, page_figures[f]));
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
        if (i && whole->share[whole->tree.parent[i]] < whole->share[i])
            whole->share[whole->tree.parent[i]] = whole->share[i];
    }
    shares_sort(whole);
}

void whole_make(struct whole *whole, const struct stacks *stacks, const struct filter *filter)
{
    *whole = (struct whole){.figures = PAGE_FIGURES};
    tree_make(&whole->tree, stacks, NULL, whole_threads(stacks));
    uint32_t count = whole->tree.count;
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        whole->total[f] = base_alloc(count, sizeof *whole->total[f]);
    whole_own(whole, stacks, filter);
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        for (uint32_t i = count; i-- > 1;) {
            int64_t *total = whole->total[f], *outer = &total[whole->tree.parent[i]];
            *outer = whole_sum(*outer, total[i]);
        }
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

struct pruning {
    struct pruned *pruned;
    const struct whole *whole;
    struct children children;
    float least;
    uint32_t *below; /* by entry: acting entries from it on inward */
};

static bool keeps(const struct pruning *p, uint32_t entry)
{
    return p->whole->share[entry] > 0 && p->whole->share[entry] >= p->least;
}

static uint32_t add_row(struct pruned *pruned, uint32_t key, uint32_t level)
{
    pruned->key[pruned->count] = key;
    pruned->level[pruned->count] = level;
    return pruned->count++;
}

static int64_t own_of(const struct pruning *p, unsigned figure, uint32_t entry)
{
    const int64_t *total = p->whole->total[figure];
    if (p->whole->own[figure])
        return p->whole->own[figure][entry];
    uint64_t own = (uint64_t)total[entry];
    for (uint32_t child = p->children.first[entry]; child; child = p->children.next[child])
        own -= (uint64_t)total[child];
    return (int64_t)own;
}

static void add_entry(struct pruning *p, uint32_t entry, uint32_t level)
{
    uint32_t row = add_row(p->pruned, p->whole->tree.key[entry], level);
    p->pruned->entry[row] = entry;
    for (unsigned f = 0; f < p->whole->figures; f++)
        p->pruned->own[f][row] = own_of(p, f, entry);
    p->pruned->kept++;
}

/* The row of the children that are not kept, if they have any figures. */
static void add_others(struct pruning *p, uint32_t entry, uint32_t level)
{
    const struct whole *whole = p->whole;
    uint32_t row = UINT32_MAX;
    for (uint32_t child = p->children.first[entry]; child; child = p->children.next[child]) {
        if (keeps(p, child) || !p->below[child])
            continue;
        if (row == UINT32_MAX)
            row = add_row(p->pruned, PRUNED_OTHERS, level);
        p->pruned->folded[row] += p->below[child];
        for (unsigned f = 0; f < whole->figures; f++)
            p->pruned->own[f][row] = whole_sum(p->pruned->own[f][row], whole->total[f][child]);
    }
}

/* In pre-order, without recursion: stacks may be any number of frames deep. */
static void add_all(struct pruning *p)
{
    const uint32_t *parent = p->whole->tree.parent;
    uint32_t at = 0, level = 0;
    add_entry(p, 0, 0);
    add_others(p, 0, 1);
    uint32_t child = p->children.first[0];
    for (;;) {
        while (child && !keeps(p, child))
            child = p->children.next[child];
        if (child) {
            add_entry(p, child, ++level);
            add_others(p, child, level + 1);
            at = child;
            child = p->children.first[at];
        } else if (!at) {
            return;
        } else {
            child = p->children.next[at];
            at = parent[at];
            level--;
        }
    }
}

void pruned_make(struct pruned *pruned, const struct whole *whole, uint32_t most, double least)
{
    uint32_t count = whole->tree.count;
    struct pruning p = {.pruned = pruned,
                        .whole = whole,
                        .children = children_make(count),
                        .below = base_alloc(count, sizeof *p.below)};
    *pruned = (struct pruned){.figures = whole->figures};
    p.least = share_least(whole, most, least);
    pruned->least = (double)p.least;
    size_t room = 1;
    for (uint32_t i = count; i-- > 0;) {
        p.below[i] += whole->share[i] > 0;
        room += keeps(&p, i) ? 2 : 0;
        if (!i)
            break;
        p.below[whole->tree.parent[i]] += p.below[i];
        children_add(&p.children, whole->tree.parent[i], i);
    }
    room += 2;
    pruned->key = base_alloc(room, sizeof *pruned->key);
    pruned->entry = base_alloc(room, sizeof *pruned->entry);
    pruned->level = base_alloc(room, sizeof *pruned->level);
    pruned->folded = base_alloc(room, sizeof *pruned->folded);
    for (unsigned f = 0; f < whole->figures; f++)
        pruned->own[f] = base_alloc(room, sizeof *pruned->own[f]);
    add_all(&p);
    children_free(&p.children);
    free(p.below);
}

void pruned_free(struct pruned *pruned)
{
    free(pruned->key);
    free(pruned->entry);
    free(pruned->level);
    free(pruned->folded);
    for (unsigned f = 0; f < FIGURES_MOST; f++)
        free(pruned->own[f]);
    *pruned = (struct pruned){0};
}
