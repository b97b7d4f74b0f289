/* SPDX-License-Identifier: MIT */
#include "model_runs.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

struct taker {
    struct model *model;
    size_t cap, site_cap, rise_cap;
    size_t used; /* of sites and rises */
    /* Steps that open runs may take, beside one for each node: those of an honest log need not be linear in its size, as
     * an entry's nodes may be on the stack of other threads' entries, too. */
    uint64_t budget;
};
#define STEPS ((uint64_t)1 << 24)

static void take(struct taker *taker, struct model_stretch stretch, const uint32_t *sites,
                 const uint64_t *rises)
{
    struct model *model = taker->model;
    size_t more = taker->used + stretch.count;
    stretch.first = (uint32_t)taker->used;
    model->stretches = base_room(model->stretches, &taker->cap, model->stretch_count + 1,
                                 sizeof *model->stretches);
    model->stretch_sites =
        base_room(model->stretch_sites, &taker->site_cap, more, sizeof *model->stretch_sites);
    model->stretch_rises =
        base_room(model->stretch_rises, &taker->rise_cap, more, sizeof *model->stretch_rises);
    memcpy(model->stretch_sites + taker->used, sites, stretch.count * sizeof *sites);
    memcpy(model->stretch_rises + taker->used, rises, stretch.count * sizeof *rises);
    taker->used = more;
    model->stretches[model->stretch_count++] = stretch;
}

/* One of a kind that tells no sites. */
static void take_other(struct taker *taker, uint32_t parent, enum mt_stretch_kind kind,
                       uint64_t rise)
{
    static const uint32_t no_site;
    if (rise && !taker->model->nodes[parent].outside)
        take(taker, (struct model_stretch){.parent = parent, .kind = (uint8_t)kind, .count = 1},
             &no_site, &rise);
}

/* ---- Records ---- */

static bool is_child(const struct model *model, uint32_t node, uint32_t parent)
{
    return node < model->log->node_count && node > parent && model->nodes[node].parent == parent;
}

static const char *wrong_with(const struct model *model, const struct mt_stretch *record,
                              const uint32_t *sites)
{
    if (record->parent >= model->log->node_count)
        return "of a node that is not there";
    if (record->kind > MT_STRETCH_LOST || !record->count ||
        (record->kind != MT_STRETCH_SET && record->count != 1))
        return "of a kind that is not known";
    if ((record->before && !is_child(model, record->before, record->parent)) ||
        (record->after && !is_child(model, record->after, record->parent)))
        return "between nodes that are no call sites of its frame";
    for (uint32_t i = 0; i < record->count && record->kind == MT_STRETCH_SET; i++)
        if (!is_child(model, sites[i], record->parent))
            return "with a node that is no call site of its frame";
    return NULL;
}

static void records(struct taker *taker)
{
    struct log *log = taker->model->log;
    uint32_t units;
    for (uint32_t u = 1; u < log->stretch_units; u += units) {
        const struct mt_stretch *record = &log->stretches[u];
        const uint64_t *rises = (const uint64_t *)(record + 1);
        const uint32_t *sites = (const uint32_t *)(rises + record->count);
        units = MT_STRETCH_UNITS(record->count);
        if (!record->parent)
            continue; /* not filled in yet */
        const char *wrong = units > log->stretch_units - u || record->count > MT_STRETCH_SITES + 1
                                ? "that is longer than it can be"
                                : wrong_with(taker->model, record, sites);
        if (wrong && !log->truncated)
            log_problem_in(log, MT_REGION_STRETCH, (uint64_t)u * sizeof *record, "a stretch %s",
                           wrong);
        if (!wrong && !taker->model->nodes[record->parent].outside)
            take(taker,
                 (struct model_stretch){.parent = record->parent,
                                        .before = record->before,
                                        .after = record->after,
                                        .kind = record->kind,
                                        .count = record->count},
                 sites, rises);
    }
}

/* ---- What was open: closed as the tracker closes it, see format.h ---- */

struct closing {
    struct taker *taker;
    const struct mt_run *open, *top; /* the present entry; the last one of its depth */
    int64_t highest;                 /* level since the present entry began */
    /* of the present depth: */
    uint32_t sites[MT_STRETCH_SITES + 1];
    uint64_t rises[MT_STRETCH_SITES + 1];
    uint32_t count;
    uint32_t before; /* of the last one */
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

/* One more stretch of the present depth, after whose begin only `before`, what came before the last one, is new. */
static void add_stretch(struct closing *c, uint32_t before, int64_t highest, int64_t begin)
{
    if (c->count > MT_STRETCH_SITES)
        return;
    c->sites[c->count] = c->before;
    c->rises[c->count++] = rise_of(highest, begin);
    c->before = before;
}

/* The present depth is done. */
static void close_depth(struct closing *c)
{
    const struct model *model = c->taker->model;
    uint32_t parent = c->top ? model->nodes[c->top->first].parent : 0;
    if (c->count && !(c->count == 1 && !c->before) && !model->nodes[parent].outside)
        take(c->taker,
             (struct model_stretch){
                 .parent = parent, .before = c->before, .count = (uint8_t)c->count},
             c->sites, c->rises);
    c->count = 0;
}

/* What cannot be is left out: the log may have been cut in the middle of a change. */
static bool close_entry(struct closing *c, bool outermost)
{
    const struct model *model = c->taker->model;
    const struct mt_run *run = c->open;
    if (!c->top || run->depth != c->top->depth) {
        c->top = run;
        c->before = run->first;
    }
    if (run->max > c->highest)
        c->highest = run->max;
    if (c->top->first >= model->log->node_count || !c->top->first)
        return true;
    if (run == c->top && !close_nodes(c))
        return false;
    uint32_t parent = model->nodes[c->top->first].parent;
    bool cut = run != c->top && run->frames == MT_RUN_CUT,
         last = outermost || run[-1].depth != run->depth;
    if (run->before && !is_child(model, run->before, parent)) {
        c->count = 0;
        return true;
    }
    if (cut && !run->before)
        take_other(c->taker, parent, MT_STRETCH_ALL, rise_of(c->highest, run->begin));
    else
        add_stretch(c, run->before, c->highest, run->begin);
    if (run->before && last && !outermost) { /* the stay began with the frame's own run */
        int64_t highest = run[-1].max > c->highest ? run[-1].max : c->highest;
        if (cut)
            take_other(c->taker, parent, MT_STRETCH_ALL, rise_of(highest, run[-1].begin));
        else
            add_stretch(c, 0, highest, run[-1].begin);
    }
    if (cut)
        take_other(c->taker, parent, MT_STRETCH_LARGE, rise_of(c->highest, run->dropped));
    if (last)
        close_depth(c);
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
