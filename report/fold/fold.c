/* SPDX-License-Identifier: MIT */
#include "fold/fold.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "base/threads.h"
#include "fold/executions.h"
#include "fold/keys.h"
#include "fold/own.h"
#include "fold/rises.h"
#include "fold/select.h"

#define APART 4096u /* nodes that are worth a thread */

/* One query under way. */
struct folding {
    const struct stacks *stacks;
    const struct query *query;
    struct selection selection;
    struct rows *rows;
    struct tree tree;
    uint32_t *
        row_of; /* own figures: the row of each entry, rows->count for rows->rest. Inclusive: NULL */
    struct sums *sums; /* BY_TREE, of each entry: of its leaves, or of all below it */
};

/* Add what of a leaf counts for the query: all of it, or, where its class is not wanted, what is of no class. */
static void add_leaf(const struct folding *f, struct sums *to, unsigned class,
                     const struct sums *sums)
{
    if (query_counts(f->query, class))
        sums_add(to, sums);
    else
        sums_add(to, &(struct sums){.resident = sums->resident,
                                    .readings = sums->readings,
                                    .discarded = sums->discarded,
                                    .discards = sums->discards});
}

/* The sums of each entry's own leaves. */
static void sum_leaves(struct folding *f)
{
    f->sums = base_alloc(f->tree.count, sizeof *f->sums);
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        if (!selection_has(&f->selection, leaf.node))
            continue;
        add_leaf(f, &f->sums[f->tree.of_node[leaf.node]], leaf.class, leaf.sums);
    }
}

/* ... and of all below it. */
static void sum_subtrees(struct folding *f)
{
    sum_leaves(f);
    for (uint32_t e = f->tree.count; e-- > 1;)
        sums_add(&f->sums[f->tree.parent[e]], &f->sums[e]);
}

static struct row *row_at(struct rows *rows, uint32_t index)
{
    return index < rows->count ? &rows->list[index] : &rows->rest;
}

/* ---- mem usage: the level after the latest event ---- */

/* Within a thread the place in time decides; between threads only its high half (the tick) can be compared, then the higher
 * level wins. Entries come thread by thread, so each thread's latest is found first and is compared with the other threads' when
 * the thread is done. */
struct latest {
    uint32_t thread;
    bool happened;
    uint64_t last, level;
};

static void latest_settle(struct latest *latest, struct sums *sums)
{
    if (!latest->happened)
        return;
    uint32_t tick = (uint32_t)(latest->last >> 32), known = (uint32_t)(sums->last >> 32);
    if (!sums->happened || tick > known || (tick == known && latest->level > sums->level)) {
        sums->last = latest->last;
        sums->level = latest->level;
        sums->happened = true;
    }
    latest->happened = false;
}

static void row_take(struct row *row, struct latest *latest, const struct sums *sums,
                     uint32_t thread)
{
    if (latest->thread != thread)
        latest_settle(latest, &row->sums);
    latest->thread = thread;
    if (sums->happened && (!latest->happened || sums->last > latest->last)) {
        latest->last = sums->last;
        latest->level = sums->level;
        latest->happened = true;
    }
    sums_add_figures(&row->sums, sums);
}

/* ---- rows by the keys of places ---- */

/* The leaves of each entry as lists: 1 + the index of a leaf in the model's entries; 0 ends. In ascending order. */
struct leaves {
    uint32_t *first, *next;
};

static struct leaves leaves_make(const struct folding *f)
{
    const struct model *model = &f->stacks->model;
    struct leaves leaves = {base_alloc(f->tree.count, sizeof(uint32_t)),
                            base_alloc(model->entry_count + 1, sizeof(uint32_t))};
    for (size_t i = model->entry_count; i-- > 0;) {
        uint32_t node = model->entries[i].node, entry = f->tree.of_node[node];
        if (!selection_has(&f->selection, node))
            continue;
        leaves.next[i + 1] = leaves.first[entry];
        leaves.first[entry] = (uint32_t)i + 1;
    }
    return leaves;
}

static void leaves_add(const struct folding *f, const struct leaves *leaves, uint32_t entry,
                       struct sums *to)
{
    const struct entry *entries = f->stacks->model.entries;
    for (uint32_t i = leaves->first[entry]; i; i = leaves->next[i])
        add_leaf(f, to, entries[i - 1].class, &entries[i - 1].sums);
}

/* Depth first over the tree without recursion: a stack may be 16,384 deep. What is summed up are the entries of the present path alone:
 * those of all would take more memory than everything else. */
struct walk {
    struct folding *f;
    struct children children;
    struct leaves leaves;
    struct sums *
        path; /* of the present entry, before it those further out: inclusive, as far as they have been left */
    size_t depth, cap;
    uint32_t *on_path;        /* times that each key stands on the path to the present entry */
    unsigned char *outermost; /* by entry: it is the outermost of its key on its path */
    struct latest *latest;    /* by row */
    uint32_t thread;
};

static void walk_take(struct walk *walk, uint32_t row, const struct sums *sums)
{
    row_take(row_at(walk->f->rows, row), &walk->latest[row], sums, walk->thread);
}

static void walk_enter(struct walk *walk, uint32_t entry)
{
    struct folding *f = walk->f;
    uint32_t key = f->tree.key[entry];
    if (key >= TREE_THREAD)
        walk->thread = key - TREE_THREAD;
    else if (!f->row_of)
        walk->outermost[entry] = walk->on_path[key]++ == 0;
    if (f->row_of) {
        struct sums own = {0};
        leaves_add(f, &walk->leaves, entry, &own);
        if (key < TREE_THREAD)
            walk_take(walk, f->row_of[entry], &own);
        return;
    }
    walk->path = base_room(walk->path, &walk->cap, walk->depth + 1, sizeof *walk->path);
    struct sums *own = &walk->path[walk->depth++];
    *own = (struct sums){0};
    leaves_add(f, &walk->leaves, entry, own);
}

static void walk_leave(struct walk *walk, uint32_t entry)
{
    if (walk->f->row_of)
        return;
    uint32_t key = walk->f->tree.key[entry];
    const struct sums *all = &walk->path[--walk->depth];
    if (key < TREE_THREAD)
        walk->on_path[key]--;
    if (walk->outermost[entry])
        walk_take(walk, key, all);
    if (walk->depth)
        sums_add(&walk->path[walk->depth - 1], all);
}

static void walk_all(struct walk *walk)
{
    uint32_t at = walk->children.first[0];
    while (at) {
        walk_enter(walk, at);
        uint32_t next = walk->children.first[at];
        while (!next && at) {
            walk_leave(walk, at);
            next = walk->children.next[at];
            if (!next)
                at = walk->f->tree.parent[at];
        }
        at = next;
    }
}

/* The row of each entry of a tree of places, where only the innermost place of a good rank counts. */
static uint32_t *own_rows(const struct folding *f, const uint32_t *key_of_place)
{
    const struct frames *frames = &f->stacks->frames;
    unsigned char *ranks = own_ranks(frames);
    uint32_t *row_of = base_alloc(f->tree.count, sizeof *row_of);
    row_of[0] = f->rows->count;
    for (uint32_t e = 1; e < f->tree.count; e++) {
        uint32_t place = f->tree.key[e];
        if (place >= TREE_THREAD)
            row_of[e] = f->rows->count;
        else if (ranks[frames->places[place].function] <= f->query->rank)
            row_of[e] = key_of_place ? key_of_place[place] : place;
        else
            row_of[e] = row_of[f->tree.parent[e]];
    }
    free(ranks);
    return row_of;
}

/* Own rises: of the nodes where the stacks end. */
static void rises_of_leaves(struct folding *f)
{
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        if (!selection_has(&f->selection, leaf.node))
            continue;
        uint32_t entry = f->tree.of_node[leaf.node];
        struct row *row = row_at(f->rows, f->row_of ? f->row_of[entry] : entry);
        uint64_t rise = rise_of_node(f->stacks, leaf.node);
        if (rise > row->rise)
            row->rise = rise;
    }
}

static void fold_places(struct folding *f)
{
    struct rows *rows = f->rows;
    uint32_t *key_of_place = keys_of_places(f->stacks, f->query->by);
    bool own = f->query->own, rises = query_wants(f->query, METRIC_RISE);
    tree_make(&f->tree, f->stacks, own ? NULL : key_of_place, true);
    if (own)
        f->row_of = own_rows(f, key_of_place);
    free(key_of_place);
    struct walk walk = {.f = f,
                        .children = children_make(f->tree.count),
                        .leaves = leaves_make(f),
                        .on_path = base_alloc(rows->count, sizeof *walk.on_path),
                        .outermost = base_alloc(f->tree.count, 1),
                        .latest = base_alloc(rows->count + (size_t)1, sizeof *walk.latest)};
    for (uint32_t e = f->tree.count; e-- > 1;)
        children_add(&walk.children, f->tree.parent[e], e);
    walk_all(&walk);
    for (uint32_t k = 0; k <= rows->count; k++)
        latest_settle(&walk.latest[k], &row_at(rows, k)->sums);
    if (own) { /* what no stack is known of */
        struct sums unknown = {0};
        leaves_add(f, &walk.leaves, 0, &unknown);
        sums_add(&rows->unknown.sums, &unknown);
    }
    children_free(&walk.children);
    free(walk.leaves.first);
    free(walk.leaves.next);
    free(walk.path);
    free(walk.on_path);
    free(walk.latest);
    if (rises && own)
        rises_of_leaves(f);
    else if (rises)
        rises_of_keys(f->stacks, &f->selection, &f->tree, f->tree.key, walk.outermost, rows->list,
                      rows->count);
    free(walk.outermost);
}

/* ---- rows by thread ---- */

static void fold_threads(struct folding *f)
{
    const struct model *model = &f->stacks->model;
    struct leaf leaf;
    for (size_t at = 0; stacks_next(f->stacks, &at, &leaf);) {
        if (!selection_has(&f->selection, leaf.node))
            continue;
        add_leaf(f, &f->rows->list[leaf.thread].sums, leaf.class, leaf.sums);
    }
    for (uint32_t i = 1; i < model->node_count && query_wants(f->query, METRIC_RISE); i++) {
        struct row *row = &f->rows->list[model->nodes[i].thread];
        uint64_t rise = selection_has(&f->selection, i) ? rise_of_node(f->stacks, i) : 0;
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
        if (!selection_has(&f->selection, leaf.node) || !query_counts(f->query, leaf.class))
            continue;
        struct row *row = &f->rows->list[leaf.class];
        sums_add(&row->sums, leaf.sums);
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
        const struct sums *sums = leaf.sums;
        if (!selection_has(&f->selection, leaf.node) ||
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
    if (query_wants(f->query, METRIC_RISE) && f->query->own) {
        rises_of_leaves(f);
    } else if (query_wants(f->query, METRIC_RISE)) {
        unsigned char *all = base_alloc(rows->count, 1);
        memset(all, 1, rows->count);
        rises_of_keys(f->stacks, &f->selection, &f->tree, NULL, all, rows->list, rows->count);
        free(all);
    }
}

/* ---- all ---- */

void fold(const struct stacks *stacks, const struct query *query, struct rows *rows)
{
    struct folding f = {.stacks = stacks, .query = query, .rows = rows};
    *rows = (struct rows){.by = query->by};
    selection_make(&f.selection, stacks, &query->filter);
    if (query->by == BY_SITE || query->by == BY_TREE) {
        tree_make(&f.tree, stacks, NULL, false);
        (query->by == BY_SITE ? fold_sites : fold_tree)(&f);
        rows->tree = f.tree;
        f.tree = (struct tree){0};
    } else {
        rows->count = keys_count(stacks, query->by);
        rows->list = base_alloc(rows->count, sizeof *rows->list);
        for (uint32_t k = 0; k < rows->count; k++)
            rows->list[k].key = k;
        (query->by == BY_THREAD  ? fold_threads
         : query->by == BY_CLASS ? fold_classes
                                 : fold_places)(&f);
        if (query_wants(query, METRIC_EXECUTIONS) && !f.selection.nodes)
            executions_put(stacks, rows);
    }
    bool imported = stacks->log.header.origin == LOG_IMPORTED;
    for (uint32_t k = 0; k < rows->count; k++) {
        rows->list[k].riseless = imported || !query_wants(query, METRIC_RISE);
        rows->list[k].releaseless = imported;
    }
    free(f.row_of);
    free(f.sums);
    tree_free(&f.tree);
    selection_free(&f.selection);
}

struct row fold_whole(const struct stacks *stacks, const struct filter *filter)
{
    struct query query = {.filter = *filter};
    struct folding f = {.stacks = stacks, .query = &query};
    struct row whole = {.riseless = true};
    struct leaf leaf;
    selection_make(&f.selection, stacks, filter);
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        if (!selection_has(&f.selection, leaf.node))
            continue;
        add_leaf(&f, &whole.sums, leaf.class, leaf.sums);
    }
    forget_level(&whole.sums);
    selection_free(&f.selection);
    return whole;
}

struct job {
    const struct stacks *stacks;
    const struct query *query;
    struct rows *rows;
    pthread_t thread;
    bool apart;
};

static void *job_run(void *argument)
{
    const struct job *job = argument;
    fold(job->stacks, job->query, job->rows);
    return NULL;
}

/* Half of the time of a view of a large log whose symbols are in the cache is spent here. Queries write nothing but their rows. */
void fold_several(const struct stacks *stacks, const struct query *queries, struct rows *rows,
                  size_t count)
{
    struct job *jobs = base_alloc(count, sizeof *jobs);
    size_t most = stacks->model.node_count >= APART ? threads_allowed() : 1;
    for (size_t i = count; i-- > 0;) { /* the first is the caller's */
        jobs[i] = (struct job){.stacks = stacks, .query = &queries[i], .rows = &rows[i]};
        jobs[i].apart = i && i < most && !pthread_create(&jobs[i].thread, NULL, job_run, &jobs[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (!jobs[i].apart)
            job_run(&jobs[i]);
    for (size_t i = 0; i < count; i++)
        if (jobs[i].apart)
            pthread_join(jobs[i].thread, NULL);
    free(jobs);
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
