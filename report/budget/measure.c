/* SPDX-License-Identifier: MIT */
#include "budget/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/own.h"
#include "fold/rows.h"
#include "resolve/match.h"

/* What is being measured. */
struct measuring {
    const struct stacks *stacks;
    unsigned char *places; /* those that `at` names; NULL: there is no `at` */
    unsigned char *inside; /* nodes that they are on the stack of */
    int64_t *by_place;     /* of the innermost place of own code */
    int64_t value;
    enum rank rank;
    unsigned char *ranks; /* own_ranks */
    bool matched;
};

/* ---- what `at` names ---- */

/* FILE:LINE: where the number begins; 0: it is no such. */
static uint32_t line_in(const char *at, size_t *file_bytes)
{
    const char *colon = strrchr(at, ':');
    char *end;
    if (!colon || colon[1] < '1' || colon[1] > '9')
        return 0;
    unsigned long line = strtoul(colon + 1, &end, 10);
    *file_bytes = (size_t)(colon - at);
    return *end || line >= PLACE_RETURNS ? 0 : (uint32_t)line;
}

static void find_places(struct measuring *m, const char *at)
{
    const struct frames *frames = &m->stacks->frames;
    size_t file_bytes = 0;
    uint32_t line = line_in(at, &file_bytes);
    char *file = line ? base_copy(at, file_bytes) : NULL;
    m->places = base_alloc(frames->place_count + 1, 1);
    for (size_t p = 0; p < frames->place_count; p++) {
        const struct function *function = &frames->functions[frames->places[p].function];
        const char *path = frames_file(frames, function), *name = frames_name(frames, function);
        m->places[p] =
            line ? frames->places[p].line == line && path && match_function(file, path, NULL)
                 : match_function(at, path, name);
        m->matched |= m->places[p];
    }
    free(file);
}

static void find_inside(struct measuring *m)
{
    const struct model *model = &m->stacks->model;
    m->inside = base_alloc(model->node_count + (size_t)1, 1);
    for (uint32_t i = 1; i < model->node_count; i++) {
        const uint32_t *places;
        uint32_t count = frames_places(&m->stacks->frames, model->nodes[i].frame, &places);
        m->inside[i] = m->inside[model->nodes[i].parent];
        for (uint32_t k = 0; k < count && !m->inside[i]; k++)
            m->inside[i] = m->places[places[k]];
    }
}

/* ---- figures ---- */

static void take(struct measuring *m, uint32_t place, int64_t value)
{
    m->value += value;
    if (place != UINT32_MAX)
        m->by_place[place] += value;
}

static void measure_leaves(struct measuring *m, enum metric metric)
{
    struct leaf leaf;
    for (size_t at = 0; stacks_next(m->stacks, &at, &leaf);) {
        int64_t value = class_counts(leaf.class) ? sums_metric(&leaf.sums, metric) : 0;
        if (value && (!m->inside || m->inside[leaf.node]))
            take(m, stack_innermost(m->stacks, leaf.node, m->rank, m->ranks), value);
    }
}

static void measure_leaks(struct measuring *m, const struct leaks *leaks)
{
    const struct frames *frames = &m->stacks->frames;
    for (size_t i = 0; i < leaks->count; i++) {
        const struct leak *leak = &leaks->list[i];
        uint32_t own = UINT32_MAX;
        bool inside = !m->places;
        for (uint32_t at = leak->entry; at; at = leaks->tree.parent[at]) {
            uint32_t place = leaks->tree.key[at];
            if (place >= frames->place_count)
                continue; /* a thread's root, or the like */
            inside |= m->places && m->places[place];
            if (own == UINT32_MAX && m->ranks[frames->places[place].function] <= m->rank)
                own = place;
        }
        if (inside)
            take(m, own, leak->sum.bytes);
    }
    if (!m->places) /* of call sites that are not known: a budget must not hold because the log was full */
        take(m, UINT32_MAX, leaks->unknown.bytes);
}

/* The figure of a whole process is the header's: it is right where stacks were dropped, too. */
static int64_t whole_value(const struct stacks *stacks, enum budget_kind kind, int64_t otherwise)
{
    const struct log *log = &stacks->log;
    uint64_t value = kind == BUDGET_PEAK          ? log_peak(log)
                     : kind == BUDGET_LIVE        ? log->header.live
                     : kind == BUDGET_ALLOCATED   ? stacks->model.total.allocated
                     : kind == BUDGET_ALLOCATIONS ? stacks->model.total.allocations
                                                  : (uint64_t)otherwise;
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int line_order(const void *a, const void *b)
{
    const struct measured_line *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void list_lines(struct measured *measured, const struct measuring *m)
{
    size_t cap = 0;
    for (size_t p = 0; p < m->stacks->frames.place_count; p++) {
        if (m->by_place[p] <= 0)
            continue;
        measured->lines =
            base_room(measured->lines, &cap, measured->count + 1, sizeof *measured->lines);
        measured->lines[measured->count++] = (struct measured_line){(uint32_t)p, m->by_place[p]};
    }
    if (measured->count)
        qsort(measured->lines, measured->count, sizeof *measured->lines, line_order);
}

void measure(struct measured *measured, const struct stacks *stacks, const struct budget *budget,
             const struct leaks *leaks)
{
    unsigned char *ranks = own_ranks(&stacks->frames);
    enum rank best = RANK_LIBRARY;
    for (size_t f = 0; f < stacks->frames.function_count; f++)
        best = ranks[f] < best ? (enum rank)ranks[f] : best;
    struct measuring m = {.stacks = stacks,
                          .by_place =
                              base_alloc(stacks->frames.place_count + 1, sizeof *m.by_place),
                          .rank = best < RANK_PROGRAM ? RANK_PROGRAM : best,
                          .ranks = ranks};
    if (budget->at) {
        find_places(&m, budget->at);
        find_inside(&m);
    }
    if (budget->kind == BUDGET_LEAKED)
        measure_leaks(&m, leaks);
    else
        measure_leaves(&m, budget_metric(budget->kind));
    *measured = (struct measured){.matched = m.matched};
    measured->value = budget->at ? m.value : whole_value(stacks, budget->kind, m.value);
    list_lines(measured, &m);
    free(m.places);
    free(m.inside);
    free(m.by_place);
    free(m.ranks);
}

void measured_free(struct measured *measured)
{
    free(measured->lines);
    *measured = (struct measured){0};
}
