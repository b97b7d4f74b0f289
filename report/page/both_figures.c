/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/own.h"
#include "fold/select.h"
#include "page/both.h"

/* The figures of one metric, run by run. */
struct counting {
    struct both *both;
    size_t width; /* number of runs, those of the old side first */
    unsigned figure;
    int64_t *own, *total;          /* by entry and run */
    int64_t *own_lines, *with_all; /* by row and run */
    const uint32_t *line_of;       /* by entry: the row of what happened there */
    const unsigned char *outermost;
};

/* By entry: the innermost place outward that is of good rank; the row behind all places: there is none; the one behind that: no stack is
 * known. */
static uint32_t *lines_of_entries(const struct both *both)
{
    const struct tree *tree = &both->whole.tree;
    const struct frames *frames = &both->view.stacks.frames;
    unsigned char *ranks = own_ranks(frames);
    uint32_t *line_of = base_alloc(tree->count + (size_t)1, sizeof *line_of);
    line_of[0] = (uint32_t)frames->place_count + 1;
    for (uint32_t e = 1; e < tree->count; e++) {
        uint32_t place = tree->key[e];
        if (place < TREE_THREAD && ranks[frames->places[place].function] <= both->rank)
            line_of[e] = place;
        else
            line_of[e] = tree->parent[e] ? line_of[tree->parent[e]] : (uint32_t)frames->place_count;
    }
    free(ranks);
    return line_of;
}

static void add(int64_t *to, const int64_t *from, size_t width)
{
    for (size_t run = 0; run < width; run++)
        to[run] = whole_sum(to[run], from[run]);
}

static void count_leaves(const struct counting *c)
{
    const struct stacks *stacks = &c->both->view.stacks;
    struct query query = {.filter = c->both->comparing.filter};
    struct selection selection;
    struct leaf leaf;
    selection_make(&selection, stacks, &query.filter);
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        if (!leaf.node || !selection_has(&selection, leaf.node) ||
            !query_counts(&query, leaf.class))
            continue;
        size_t entry = c->both->whole.tree.of_node[leaf.node];
        int64_t *own = &c->own[entry * c->width + c->both->run_of_node[leaf.node]];
        *own = whole_sum(*own, sums_metric(&leaf.sums, page_figures[c->figure]));
    }
    /* Node 0 is that of all runs: what no stack is known of is kept by process. */
    for (size_t p = 0; selection_has(&selection, 0) && p < c->both->joined.part_count; p++)
        for (unsigned class = 0; class < CLASSES; class ++) {
            const struct sums *lost = &c->both->joined.parts[p].lost[class];
            int64_t *own = &c->own[c->both->run_of[p]];
            if (query_counts(&query, class))
                *own = whole_sum(*own, sums_metric(lost, page_figures[c->figure]));
        }
    selection_free(&selection);
}

static void count_up(const struct counting *c)
{
    const struct tree *tree = &c->both->whole.tree;
    size_t width = c->width;
    memcpy(c->total, c->own, tree->count * width * sizeof *c->total);
    for (uint32_t e = tree->count; e-- > 1;)
        add(&c->total[tree->parent[e] * width], &c->total[e * width], width);
    for (uint32_t e = 0; e < tree->count; e++)
        add(&c->own_lines[c->line_of[e] * width], &c->own[e * width], width);
    for (uint32_t e = 1; e < tree->count; e++)
        if (tree->key[e] < TREE_THREAD && c->outermost[e])
            add(&c->with_all[tree->key[e] * width], &c->total[e * width], width);
}

/* What the runs of each side come to. */
static void sum_runs(const struct both *both, const int64_t *values, size_t count,
                     int64_t *sums[SIDES])
{
    size_t olds = both->runs[SIDE_OLD], width = olds + both->runs[SIDE_NEW];
    for (size_t i = 0; i < count; i++)
        for (size_t run = 0; run < width; run++) {
            int64_t *sum = &sums[run < olds ? SIDE_OLD : SIDE_NEW][i];
            *sum = whole_sum(*sum, values[i * width + run]);
        }
}

static void keep_entries(const struct counting *c)
{
    struct whole *whole = &c->both->whole;
    uint32_t count = whole->tree.count;
    unsigned new = c->figure, old = FIGURES_OLD + c->figure, margin = FIGURES_MARGIN + c->figure;
    sum_runs(c->both, c->own, count, (int64_t *[SIDES]){whole->own[old], whole->own[new]});
    sum_runs(c->both, c->total, count, (int64_t *[SIDES]){whole->total[old], whole->total[new]});
    if (whole->figures <= FIGURES_MARGIN)
        return;
    struct change *changes = base_alloc(count, sizeof *changes);
    changes_judge(changes, c->total, count, c->both->runs);
    for (uint32_t e = 0; e < count; e++)
        whole->own[margin][e] = whole->total[margin][e] = change_margin(&changes[e]);
    free(changes);
}

static void keep_rows(const struct counting *c, struct both_rows *rows, const int64_t *values,
                      size_t count)
{
    struct change *changes = base_alloc(count + 1, sizeof *changes);
    rows->margin[c->figure] = base_alloc(count + 1, sizeof(int64_t));
    for (unsigned s = 0; s < SIDES; s++)
        rows->sums[s][c->figure] = base_alloc(count + 1, sizeof(int64_t));
    changes_judge(changes, values, count, c->both->runs);
    for (size_t i = 0; i < count; i++)
        rows->margin[c->figure][i] = change_margin(&changes[i]);
    free(changes);
    sum_runs(c->both, values, count,
             (int64_t *[SIDES]){rows->sums[SIDE_OLD][c->figure], rows->sums[SIDE_NEW][c->figure]});
}

static void count_metric(struct counting *c)
{
    struct both *both = c->both;
    size_t rows = both->view.stacks.frames.place_count + 2, entries = both->whole.tree.count;
    c->own = base_alloc(entries * c->width, sizeof *c->own);
    c->total = base_alloc(entries * c->width, sizeof *c->total);
    c->own_lines = base_alloc(rows * c->width, sizeof *c->own_lines);
    c->with_all = base_alloc(rows * c->width, sizeof *c->with_all);
    count_leaves(c);
    count_up(c);
    keep_entries(c);
    keep_rows(c, &both->own, c->own_lines, rows);
    keep_rows(c, &both->with_all, c->with_all, rows);
    free(c->own);
    free(c->total);
    free(c->own_lines);
    free(c->with_all);
}

void both_figures(struct both *both)
{
    struct whole *whole = &both->whole;
    const struct stacks *stacks = &both->view.stacks;
    size_t width = (size_t)both->runs[SIDE_OLD] + both->runs[SIDE_NEW];
    *whole = (struct whole){.figures = width > 2 ? FIGURES_MOST : FIGURES_MARGIN};
    tree_make(&whole->tree, stacks, whole_threads(stacks));
    for (unsigned f = 0; f < whole->figures; f++) {
        whole->own[f] = base_alloc(whole->tree.count, sizeof *whole->own[f]);
        whole->total[f] = base_alloc(whole->tree.count, sizeof *whole->total[f]);
    }
    both->rank = frames_rank(&stacks->frames);
    if (both->rank < RANK_PROGRAM)
        both->rank = RANK_PROGRAM;
    uint32_t *line_of = lines_of_entries(both);
    unsigned char *outermost = own_outermost(&whole->tree, (uint32_t)stacks->frames.place_count);
    struct counting counting = {
        .both = both, .width = width, .line_of = line_of, .outermost = outermost};
    for (counting.figure = 0; counting.figure < PAGE_FIGURES; counting.figure++)
        count_metric(&counting);
    free(line_of);
    free(outermost);
    whole_shares(whole);
}

void both_rows_free(struct both_rows *rows)
{
    for (unsigned f = 0; f < PAGE_FIGURES; f++) {
        free(rows->margin[f]);
        for (unsigned s = 0; s < SIDES; s++)
            free(rows->sums[s][f]);
    }
}
