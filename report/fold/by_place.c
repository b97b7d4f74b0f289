/* SPDX-License-Identifier: MIT */
#include "fold/by_place.h"

#include <stdlib.h>

#include "base/base.h"
#include "fold/keys.h"
#include "fold/own.h"
#include "fold/rises.h"

/* ---- mem usage: the level after the latest event ---- */

/* Within a thread the place in time decides; between threads only its high half (the tick) can be compared, then the higher
 * level wins. Stacks come thread by thread, so each thread's latest is found first and is compared with the other threads' when
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

/* ---- one query ---- */

#define NO_ROW UINT32_MAX /* no place is on the stack */
struct group {
    const struct query *query;
    struct rows *rows;
    uint32_t *key_of_place; /* NULL: the place itself */
    struct latest *latest;  /* by row, rows->rest the last */
    uint32_t *on_path;      /* inclusive: times that each key stands on the path */
    uint32_t *row_of;       /* own: by node, rows->count for rows->rest, or NO_ROW */
};

static struct row *row_at(struct rows *rows, uint32_t index)
{
    return index < rows->count ? &rows->list[index] : &rows->rest;
}

static uint32_t key_of(const struct group *group, uint32_t place)
{
    return group->key_of_place ? group->key_of_place[place] : place;
}

/* The row of each node's stack, where only its innermost place of a good rank counts. */
static uint32_t *own_rows(const struct group *group, const struct stacks *stacks)
{
    const struct frames *frames = &stacks->frames;
    const struct model *model = &stacks->model;
    unsigned char *ranks = own_ranks(frames);
    uint32_t *row_of = base_alloc(model->node_count + (size_t)1, sizeof *row_of);
    row_of[0] = NO_ROW;
    for (uint32_t i = 1; i < model->node_count; i++) { /* parents come first */
        const uint32_t *places;
        uint32_t count = frames_places(frames, model->nodes[i].frame, &places);
        uint32_t row = row_of[model->nodes[i].parent];
        if (row == NO_ROW && count)
            row = group->rows->count;
        for (uint32_t k = 0; k < count; k++)
            if (ranks[frames->places[places[k]].function] <= group->query->rank)
                row = key_of(group, places[k]);
        row_of[i] = row;
    }
    free(ranks);
    return row_of;
}

static struct group group_make(const struct by_place *asked, const struct stacks *stacks)
{
    struct rows *rows = asked->rows;
    struct group group = {.query = asked->query,
                          .rows = rows,
                          .key_of_place = keys_of_places(stacks, asked->query->by),
                          .latest = base_alloc(rows->count + (size_t)1, sizeof *group.latest)};
    if (asked->query->own)
        group.row_of = own_rows(&group, stacks);
    else
        group.on_path = base_alloc(rows->count, sizeof *group.on_path);
    return group;
}

static void group_end(struct group *group)
{
    for (uint32_t k = 0; k <= group->rows->count; k++)
        latest_settle(&group->latest[k], &row_at(group->rows, k)->sums);
    free(group->key_of_place);
    free(group->latest);
    free(group->on_path);
    free(group->row_of);
}

static void group_take(struct group *group, uint32_t row, const struct sums *sums, uint32_t thread)
{
    row_take(row_at(group->rows, row), &group->latest[row], sums, thread);
}

/* A run of a key's own begins and ends where a stack does. */
static void own_rises(const struct group *group, const struct stacks *stacks,
                      const struct selection *selection)
{
    struct leaf leaf;
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        if (!selection_has(selection, leaf.node))
            continue;
        struct row *row = row_at(group->rows, group->row_of[leaf.node]);
        uint64_t rise = rise_of_node(stacks, leaf.node);
        if (rise > row->rise)
            row->rise = rise;
    }
}

/* ---- the walk ---- */

/* Depth first over the nodes without recursion: a stack may be 16,384 deep. What is summed up are the nodes of the present path alone:
 * those of all would take more memory than everything else. */
struct walk {
    const struct stacks *stacks;
    struct group *groups;
    size_t count;
    struct children children;
    uint32_t *leaves; /* by node: 1 + the first of those that are selected in the model's entries */
    struct sums *path; /* inclusive, as far as they have been left; see passes() */
    size_t depth, cap;
    struct rises rises;
};

static uint32_t *leaves_make(const struct model *model, const struct selection *selection)
{
    uint32_t *leaves = base_alloc(model->node_count + (size_t)1, sizeof *leaves);
    for (size_t i = model->entries.count; i-- > 0;)
        if (selection_has(selection, model->entries.list[i].node))
            leaves[model->entries.list[i].node] = (uint32_t)i + 1;
    return leaves;
}

static void leaves_add(const struct walk *walk, uint32_t node, struct sums *to)
{
    const struct model *model = &walk->stacks->model;
    for (size_t i = walk->leaves[node]; i && i <= model->entries.count; i++) {
        const struct entry *entry = &model->entries.list[i - 1];
        if (entry->node != node)
            return;
        struct sums sums = entry_sums(&model->entries, entry);
        query_add(walk->groups->query, to, entry->class, &sums);
    }
}

/* All that happened under the node happened under its only child, as with most: the two have one entry of the path. */
static bool passes(const struct walk *walk, uint32_t node)
{
    uint32_t child = walk->children.first[node];
    return child && !walk->children.next[child] && !walk->leaves[node];
}

static void walk_enter(struct walk *walk, uint32_t node)
{
    const struct node *n = &walk->stacks->model.nodes[node];
    const uint32_t *places;
    uint32_t count = frames_places(&walk->stacks->frames, n->frame, &places);
    if (!n->parent || !passes(walk, n->parent)) {
        walk->path = base_room(walk->path, &walk->cap, walk->depth + 1, sizeof *walk->path);
        walk->path[walk->depth++] = (struct sums){0};
    }
    struct sums *own = &walk->path[walk->depth - 1];
    leaves_add(walk, node, own);
    for (struct group *g = walk->groups; g < walk->groups + walk->count; g++) {
        for (uint32_t k = 0; g->on_path && k < count; k++)
            g->on_path[key_of(g, places[k])]++;
        if (g->row_of && walk->leaves[node] && g->row_of[node] != NO_ROW)
            group_take(g, g->row_of[node], own, n->thread);
    }
    rises_below(&walk->rises, node);
}

static void walk_leave(struct walk *walk, uint32_t node)
{
    const struct node *n = &walk->stacks->model.nodes[node];
    const uint32_t *places;
    uint32_t count = frames_places(&walk->stacks->frames, n->frame, &places);
    const struct sums *all = &walk->path[walk->depth - 1];
    for (struct group *g = walk->groups; g < walk->groups + walk->count; g++)
        for (uint32_t k = g->on_path ? count : 0; k-- > 0;) {
            uint32_t key = key_of(g, places[k]);
            if (!--g->on_path[key]) /* it was the outermost */
                group_take(g, key, all, n->thread);
        }
    if (n->parent && passes(walk, n->parent))
        return;
    walk->depth--;
    if (n->parent)
        sums_add(&walk->path[walk->depth - 1], all);
}

static void walk_all(struct walk *walk)
{
    rises_below(&walk->rises, 0);
    uint32_t at = walk->children.first[0];
    while (at) {
        walk_enter(walk, at);
        uint32_t next = walk->children.first[at];
        while (!next && at) {
            walk_leave(walk, at);
            next = walk->children.next[at];
            if (!next)
                at = walk->stacks->model.nodes[at].parent;
        }
        at = next;
    }
}

/* The outermost nodes in the order of their threads' first ones: a thread has one for each period. */
static void order_by_thread(struct children *children, const struct model *model)
{
    uint32_t *last = base_alloc(model->thread_count + (size_t)1, sizeof *last); /* by thread */
    for (uint32_t before = 0, at = children->first[0]; at;) {
        uint32_t next = children->next[at], *known = &last[model->nodes[at].thread];
        if (*known && *known != before) { /* behind the last one of its thread */
            children->next[before] = next;
            children->next[at] = children->next[*known];
            children->next[*known] = at;
        } else {
            before = at;
        }
        *known = at;
        at = next;
    }
    free(last);
}

static void rises_start(struct walk *walk, const struct selection *selection, struct rising *rising)
{
    struct rising *end = rising;
    for (const struct group *g = walk->groups; g < walk->groups + walk->count; g++)
        if (query_wants(g->query, METRIC_RISE) && !g->query->own) {
            *end = (struct rising){.key_of_place = g->key_of_place,
                                   .on_path = g->on_path,
                                   .list = g->rows->list,
                                   .count = g->rows->count};
            end++;
        }
    rises_begin(&walk->rises, walk->stacks, selection, &walk->children, rising,
                (size_t)(end - rising));
}

void fold_by_place(const struct stacks *stacks, const struct selection *selection,
                   const struct by_place *asked, size_t count)
{
    struct group *groups = base_alloc(count, sizeof *groups);
    struct rising *rising = base_alloc(count, sizeof *rising);
    for (size_t i = 0; i < count; i++)
        groups[i] = group_make(&asked[i], stacks);
    struct walk walk = {.stacks = stacks,
                        .groups = groups,
                        .count = count,
                        .children = children_of_nodes(&stacks->model),
                        .leaves = leaves_make(&stacks->model, selection)};
    order_by_thread(&walk.children, &stacks->model);
    rises_start(&walk, selection, rising);
    walk_all(&walk);
    rises_end(&walk.rises);
    for (struct group *g = groups; g < groups + count; g++) {
        if (g->query->own) /* what no stack is known of */
            leaves_add(&walk, 0, &g->rows->unknown.sums);
        if (g->query->own && query_wants(g->query, METRIC_RISE))
            own_rises(g, stacks, selection);
        group_end(g);
    }
    children_free(&walk.children);
    free(walk.leaves);
    free(walk.path);
    free(groups);
    free(rising);
}
