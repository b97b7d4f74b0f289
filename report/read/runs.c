/* SPDX-License-Identifier: MIT */
#include "read/runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "read/tables.h"

_Static_assert(STRETCH_SET == (int)MT_STRETCH_SET && STRETCH_ALL == (int)MT_STRETCH_ALL &&
                   STRETCH_LARGE == (int)MT_STRETCH_LARGE && STRETCH_LOST == (int)MT_STRETCH_LOST &&
                   STRETCH_SITES == MT_STRETCH_SITES,
               "runs.h has the format's");

void runs_start(struct runs *runs, uint32_t node_count)
{
    *runs = (struct runs){.of_node = base_alloc(node_count + (size_t)1, sizeof *runs->of_node)};
}

void runs_free(struct runs *runs)
{
    free(runs->of_node);
    free(runs->stretches);
    free(runs->sites);
    free(runs->rises);
    *runs = (struct runs){0};
}

void runs_take(struct runs *runs, const struct log *log, uint32_t index)
{
    const struct tables_node raw = tables_node(log->tables, index);
    runs->of_node[index] = (struct run){raw.rise, raw.alone};
}

struct taker {
    struct runs *runs;
    struct log *log;
    const struct node *nodes;
    size_t cap, site_cap, rise_cap;
    size_t used; /* of sites and rises */
    /* Steps that open runs may take, beside one for each node: those of an honest log need not be linear in its size, as
     * an entry's nodes may be on the stack of other threads' entries, too. */
    uint64_t budget;
};
#define STEPS ((uint64_t)1 << 24)

static void take(struct taker *taker, struct stretch stretch, const uint32_t *sites,
                 const uint64_t *rises)
{
    struct runs *r = taker->runs;
    size_t more = taker->used + stretch.count;
    stretch.first = (uint32_t)taker->used;
    r->stretches = base_room(r->stretches, &taker->cap, r->stretch_count + 1, sizeof *r->stretches);
    r->sites = base_room(r->sites, &taker->site_cap, more, sizeof *r->sites);
    r->rises = base_room(r->rises, &taker->rise_cap, more, sizeof *r->rises);
    memcpy(r->sites + taker->used, sites, stretch.count * sizeof *sites);
    memcpy(r->rises + taker->used, rises, stretch.count * sizeof *rises);
    taker->used = more;
    r->stretches[r->stretch_count++] = stretch;
}

/* One of a kind that tells no sites. */
static void take_other(struct taker *taker, uint32_t parent, enum mt_stretch_kind kind,
                       uint64_t rise)
{
    static const uint32_t no_site;
    if (rise && !taker->nodes[parent].outside)
        take(taker, (struct stretch){.parent = parent, .kind = (uint8_t)kind, .count = 1}, &no_site,
             &rise);
}

/* ---- Records ---- */

static bool is_child(const struct taker *taker, uint32_t node, uint32_t parent)
{
    return node < taker->log->tables->node_count && node > parent &&
           taker->nodes[node].parent == parent;
}

static bool is_set(const struct mt_stretch *record)
{
    return record->kind == MT_STRETCH_SET || record->kind == MT_STRETCH_HIGH;
}

static const char *wrong_with(const struct taker *taker, const struct mt_stretch *record,
                              const uint32_t *sites)
{
    if (record->parent >= taker->log->tables->node_count)
        return "of a node that is not there";
    unsigned last =
        taker->log->tables->header.version == MT_VERSION_2 ? MT_STRETCH_LOST : MT_STRETCH_HIGH;
    if (record->kind > last || !record->count ||
        (!is_set(record) && record->count != (record->kind == MT_STRETCH_NODE ? 2 : 1)))
        return "of a kind that is not known";
    if ((record->before && !is_child(taker, record->before, record->parent)) ||
        (record->after && !is_child(taker, record->after, record->parent)))
        return "between nodes that are no call sites of its frame";
    for (uint32_t i = 0; i < record->count && is_set(record); i++)
        if (!is_child(taker, sites[i], record->parent))
            return "with a node that is no call site of its frame";
    return NULL;
}

/* A node's own rises. */
static void take_high(struct run *run, const uint64_t *rises)
{
    run->rise = rises[0] > run->rise ? rises[0] : run->rise;
    run->alone = rises[1] > run->alone ? rises[1] : run->alone;
}

/* Where a node's entry has no room for its rises, there must be a record. */
static void missing(struct taker *taker)
{
    struct log *log = taker->log;
    for (uint32_t i = 1; i < log->tables->node_count && !log->truncated; i++)
        if (!taker->nodes[i].outside && !taker->runs->of_node[i].rise &&
            tables_node(log->tables, i).high) {
            log_problem_in(log, MT_REGION_NODE, (uint64_t)i * log->tables->node_bytes,
                           "node %u has no record of how high it rose", i);
            return;
        }
}

/* The rises of a SET of this version are of 32 bits. */
static const uint64_t *widened(const struct mt_stretch *record, uint64_t *to)
{
    const uint32_t *low = (const uint32_t *)(record + 1);
    for (uint32_t i = 0; i < record->count; i++)
        to[i] = low[i];
    return to;
}

static void records(struct taker *taker)
{
    struct log *log = taker->log;
    uint64_t wide[MT_STRETCH_SITES + 1];
    uint32_t units;
    for (uint32_t u = 1; u < log->tables->stretch_units; u += units) {
        const struct mt_stretch *record = &log->tables->stretches[u];
        bool low = log->tables->header.version != MT_VERSION_2 && record->kind == MT_STRETCH_SET;
        const uint64_t *rises = (const uint64_t *)(record + 1);
        const uint32_t *sites = (const uint32_t *)(record + 1) + record->count * (low ? 1u : 2u);
        units = low ? MT_STRETCH_UNITS(MT_STRETCH_SET, record->count)
                    : MT_STRETCH_UNITS_2(record->count);
        if (!record->parent)
            continue; /* not filled in yet */
        const char *wrong =
            units > log->tables->stretch_units - u || record->count > MT_STRETCH_SITES + 1
                ? "that is longer than it can be"
                : wrong_with(taker, record, sites);
        if (wrong && !log->truncated)
            log_problem_in(log, MT_REGION_STRETCH, (uint64_t)u * sizeof *record, "a stretch %s",
                           wrong);
        if (wrong || taker->nodes[record->parent].outside)
            continue;
        if (record->kind == MT_STRETCH_NODE)
            take_high(&taker->runs->of_node[record->parent], rises);
        else
            take(taker,
                 (struct stretch){.parent = record->parent,
                                  .before = record->before,
                                  .after = record->after,
                                  .kind = is_set(record) ? MT_STRETCH_SET : record->kind,
                                  .count = record->count},
                 sites, low ? widened(record, wide) : rises);
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
    const struct taker *taker = c->taker;
    uint64_t rise = rise_of(c->highest, c->open->begin);
    uint32_t node = c->open->node;
    for (uint32_t left = c->open->frames; left && node && node < taker->log->tables->node_count;
         left--) {
        const struct node *n = &taker->nodes[node];
        struct run *run = &taker->runs->of_node[node];
        if (!c->taker->budget)
            return false;
        c->taker->budget--;
        bool alone = left > 1 || !c->open->before;
        if (!n->outside && rise > run->rise)
            run->rise = rise;
        if (!n->outside && alone && rise > run->alone)
            run->alone = rise;
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
    const struct taker *taker = c->taker;
    uint32_t parent = c->top ? taker->nodes[c->top->first].parent : 0;
    if (c->count && !(c->count == 1 && !c->before) && !taker->nodes[parent].outside)
        take(c->taker,
             (struct stretch){.parent = parent, .before = c->before, .count = (uint8_t)c->count},
             c->sites, c->rises);
    c->count = 0;
}

/* What cannot be is left out: the log may have been cut in the middle of a change. */
static bool close_entry(struct closing *c, bool outermost)
{
    const struct taker *taker = c->taker;
    const struct mt_run *run = c->open;
    if (!c->top || run->depth != c->top->depth) {
        c->top = run;
        c->before = run->first;
    }
    if (run->max > c->highest)
        c->highest = run->max;
    if (c->top->first >= taker->log->tables->node_count || !c->top->first)
        return true;
    if (run == c->top && !close_nodes(c))
        return false;
    uint32_t parent = taker->nodes[c->top->first].parent;
    bool cut = run != c->top && run->frames == MT_RUN_CUT,
         last = outermost || run[-1].depth != run->depth;
    if (run->before && !is_child(taker, run->before, parent)) {
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
        closing.open = &taker->log->tables->runs[thread->runs + i];
        if (!taker->budget || !close_entry(&closing, i == 0))
            return false;
    }
    return true;
}

static void open_runs(struct taker *taker)
{
    struct log *log = taker->log;
    taker->budget = STEPS + log->tables->node_count;
    for (uint32_t i = 1; i < log->tables->thread_count; i++) {
        const struct mt_thread_entry *thread = &log->tables->threads[i];
        uint64_t at = (uint64_t)i * sizeof *thread;
        if (!thread->leaf || !thread->runs_used)
            continue;
        if (thread->runs > log->tables->run_count ||
            thread->runs_used > log->tables->run_count - thread->runs) {
            if (!log->truncated)
                log_problem_in(log, MT_REGION_THREAD, at, "thread %u has open runs %u + %u of %u",
                               i, thread->runs, thread->runs_used, log->tables->run_count);
        } else if (!close_thread(taker, thread)) {
            log_problem_in(log, MT_REGION_THREAD, at, "open runs of more nodes than there can be");
            return;
        }
    }
}

static int by_parent(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    return x->parent < y->parent ? -1 : x->parent > y->parent;
}

void runs_close(struct runs *runs, struct log *log, const struct node *nodes)
{
    struct taker taker = {.runs = runs, .log = log, .nodes = nodes};
    records(&taker);
    missing(&taker);
    open_runs(&taker);
    if (runs->stretch_count)
        qsort(runs->stretches, runs->stretch_count, sizeof *runs->stretches, by_parent);
}
