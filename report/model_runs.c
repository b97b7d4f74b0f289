/* SPDX-License-Identifier: MIT */
#include "model_runs.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

struct taker {
    struct model *model;
    size_t cap, site_cap;
    /* Steps that open runs may take, beside one for each node: those of an honest log need not be linear in its size, as
     * an entry's nodes may be on the stack of other threads' entries, too. */
    uint64_t budget;
};
#define STEPS ((uint64_t)1 << 24)

static void take(struct taker *taker, struct model_stretch stretch, const uint32_t *sites)
{
    struct model *model = taker->model;
    stretch.sites = (uint32_t)model->site_count;
    model->stretches = base_room(model->stretches, &taker->cap, model->stretch_count + 1,
                                 sizeof *model->stretches);
    model->sites = base_room(model->sites, &taker->site_cap, model->site_count + stretch.count + 1,
                             sizeof *model->sites);
    if (stretch.count)
        memcpy(model->sites + model->site_count, sites, stretch.count * sizeof *sites);
    model->site_count += stretch.count;
    model->stretches[model->stretch_count++] = stretch;
}

/* ---- Records ---- */

static bool is_child(const struct model *model, uint32_t node, uint32_t parent)
{
    return node < model->log->node_count && node > parent && model->nodes[node].parent == parent;
}

static const char *wrong_with(const struct model *model, const struct mt_stretch *record)
{
    if (record->parent >= model->log->node_count)
        return "of a node that is not there";
    if (record->kind > MT_STRETCH_LOST || (record->kind != MT_STRETCH_SET) != !record->count)
        return "of a kind that is not known";
    if ((record->before && !is_child(model, record->before, record->parent)) ||
        (record->after && !is_child(model, record->after, record->parent)))
        return "between nodes that are no call sites of its frame";
    for (uint32_t i = 0; i < record->count; i++)
        if (!is_child(model, record->site[i], record->parent))
            return "with a node that is no call site of its frame";
    return NULL;
}

static void records(struct taker *taker)
{
    struct log *log = taker->model->log;
    uint32_t units;
    for (uint32_t u = 1; u < log->stretch_units; u += units) {
        const struct mt_stretch *record = &log->stretches[u];
        units = MT_STRETCH_UNITS(record->count);
        if (!record->parent)
            continue; /* not filled in yet */
        const char *wrong = units > log->stretch_units - u || record->count > MT_STRETCH_SITES + 1
                                ? "that is longer than it can be"
                                : wrong_with(taker->model, record);
        if (wrong && !log->truncated)
            log_problem_in(log, MT_REGION_STRETCH, (uint64_t)u * sizeof *record, "a stretch %s",
                           wrong);
        if (!wrong && !taker->model->nodes[record->parent].outside)
            take(taker,
                 (struct model_stretch){.parent = record->parent,
                                        .before = record->before,
                                        .after = record->after,
                                        .kind = record->kind,
                                        .count = record->count,
                                        .rise = record->rise},
                 record->site);
    }
}

/* ---- What was open: closed as the tracker closes it, see format.h ---- */

struct closing {
    struct taker *taker;
    const struct mt_run *open, *top;      /* the present entry; the last one of its depth */
    int64_t highest;                      /* level since the present entry began */
    uint32_t sites[MT_STRETCH_SITES + 1]; /* of the present depth; if full, there may be more */
    uint32_t count;
};

static uint64_t rise_of(int64_t highest, int64_t begin)
{
    return highest > begin ? (uint64_t)highest - (uint64_t)begin : 0;
}

/* The nodes of a depth's last entry. False: more of them than there can be. */
static bool close_nodes(struct closing *c)
{
    struct model *model = c->taker->model;
    uint64_t rise = rise_of(c->highest, c->open->begin);
    uint32_t node = c->open->node;
    for (uint32_t left = c->open->frames; left && node && node < model->log->node_count; left--) {
        struct model_node *n = &model->nodes[node];
        if (!c->taker->budget)
            return false;
        c->taker->budget--;
        bool alone = left > 1 || !c->open->before;
        if (!n->outside && rise > n->rise)
            n->rise = rise;
        if (!n->outside && alone && rise > n->alone)
            n->alone = rise;
        node = n->parent; /* of a lower index, or 0: no loop */
    }
    return true;
}

static void close_stretch(struct closing *c, uint32_t before, bool cut, uint64_t rise)
{
    struct model *model = c->taker->model;
    uint32_t parent = model->nodes[c->top->first].parent;
    bool all = cut || c->count > MT_STRETCH_SITES;
    if (rise && !(all && before) && !model->nodes[parent].outside)
        take(c->taker,
             (struct model_stretch){.parent = parent,
                                    .before = before,
                                    .kind = all ? MT_STRETCH_ALL : MT_STRETCH_SET,
                                    .count = all ? 0 : (uint8_t)c->count,
                                    .rise = rise},
             c->sites);
}

static void close_cut(struct closing *c)
{
    uint32_t parent = c->taker->model->nodes[c->top->first].parent;
    take(c->taker,
         (struct model_stretch){.parent = parent,
                                .kind = MT_STRETCH_LARGE,
                                .rise = rise_of(c->highest, c->open->dropped)},
         NULL);
}

/* What cannot be is left out: the log may have been cut in the middle of a change. */
static bool close_entry(struct closing *c, bool outermost)
{
    const struct model *model = c->taker->model;
    const struct mt_run *run = c->open;
    if (!c->top || run->depth != c->top->depth) {
        c->top = run;
        c->count = 1;
        c->sites[0] = run->first;
    }
    if (run->max > c->highest)
        c->highest = run->max;
    if (c->top->first >= model->log->node_count || !c->top->first)
        return true;
    if (run == c->top && !close_nodes(c))
        return false;
    bool cut = run != c->top && run->frames == MT_RUN_CUT,
         child = is_child(model, run->before, model->nodes[c->top->first].parent);
    if (run->before ? child : run != c->top)
        close_stretch(c, run->before, cut && !run->before, rise_of(c->highest, run->begin));
    if (child && c->count <= MT_STRETCH_SITES)
        c->sites[c->count++] = run->before;
    if (child && !outermost &&
        run[-1].depth != run->depth) /* the stay began with the frame's own run */
        close_stretch(c, 0, cut,
                      rise_of(run[-1].max > c->highest ? run[-1].max : c->highest, run[-1].begin));
    if (cut)
        close_cut(c);
    return true;
}

static bool close_thread(struct taker *taker, const struct mt_thread_entry *thread)
{
    struct closing closing = {.taker = taker, .highest = INT64_MIN};
    for (uint32_t i = thread->runs_used; i-- > 0; taker->budget--) {
        closing.open = &taker->model->log->runs[thread->runs + i];
        if (!taker->budget || !close_entry(&closing, i == 0))
            return false;
    }
    return true;
}

static void open_runs(struct taker *taker)
{
    struct log *log = taker->model->log;
    taker->budget = STEPS + log->node_count;
    for (uint32_t i = 1; i < log->thread_count; i++) {
        const struct mt_thread_entry *thread = &log->threads[i];
        uint64_t at = (uint64_t)i * sizeof *thread;
        if (!thread->leaf || !thread->runs_used)
            continue;
        if (thread->runs > log->run_count || thread->runs_used > log->run_count - thread->runs) {
            if (!log->truncated)
                log_problem_in(log, MT_REGION_THREAD, at, "thread %u has open runs %u + %u of %u",
                               i, thread->runs, thread->runs_used, log->run_count);
        } else if (!close_thread(taker, thread)) {
            log_problem_in(log, MT_REGION_THREAD, at, "open runs of more nodes than there can be");
            return;
        }
    }
}

static int by_parent(const void *a, const void *b)
{
    const struct model_stretch *x = a, *y = b;
    return x->parent < y->parent ? -1 : x->parent > y->parent;
}

void model_runs_make(struct model *model)
{
    struct taker taker = {.model = model};
    records(&taker);
    open_runs(&taker);
    if (model->stretch_count)
        qsort(model->stretches, model->stretch_count, sizeof *model->stretches, by_parent);
}
