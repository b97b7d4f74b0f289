/* SPDX-License-Identifier: MIT */
#include "fold/rises.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* A child of the present node, and the places of its frame, the outermost first: the calls that were inlined in it. */
struct rises_child {
    uint32_t node, count;
    const uint32_t *places;
};

static uint32_t key_of(const struct rising *of, uint32_t place)
{
    return of->key_of_place ? of->key_of_place[place] : place;
}

/* Of the child's place `spot`; NULL: its key counts further out. */
static struct row *row_of(const struct rising *of, const struct rises_child *child, uint32_t spot)
{
    if (of->tree) {
        uint32_t entry = of->tree->of_node[child->node];
        for (uint32_t left = child->count - 1 - spot; left; left--)
            entry = of->tree->parent[entry];
        return &of->list[entry];
    }
    uint32_t key = key_of(of, child->places[spot]);
    bool further_out = of->on_path[key];
    for (uint32_t k = 0; k < spot && !further_out; k++)
        further_out = key_of(of, child->places[k]) == key;
    return further_out ? NULL : &of->list[key];
}

static void reach(struct row *row, uint64_t rise, uint64_t most)
{
    if (rise > row->rise)
        row->rise = rise;
    if (most > row->rise_most)
        row->rise_most = most;
}

static struct rises_child child_of(const struct rises *r, uint32_t node)
{
    struct rises_child child = {.node = node};
    child.count =
        frames_places(&r->stacks->frames, r->stacks->model.nodes[node].frame, &child.places);
    return child;
}

/* Have both the same key at the spot, and the same places outside of it? A function that was inlined at two lines of its caller is
 * two spots. */
static bool same_spot(const struct rising *of, const struct rises_child *x,
                      const struct rises_child *y, uint32_t spot)
{
    if (x->count <= spot || y->count <= spot)
        return false;
    return x->places == y->places || (key_of(of, x->places[spot]) == key_of(of, y->places[spot]) &&
                                      !memcmp(x->places, y->places, spot * sizeof *x->places));
}

static bool is_below(const struct rises *r, uint32_t node)
{
    return node >= r->stacks->model.logged;
}

/* Of the children list[0..count), which have the same spot, one may be a node that the log does not have (model_below): what happened
 * at the present node itself, between the children's stretches. Their number without it. True: that is all that there is to say. */
static bool settle_below(const struct rises *r, struct row *row, const struct rises_child *list,
                         size_t *count)
{
    const struct run *of_node = r->stacks->model.runs.of_node;
    size_t at = 0;
    while (at < *count && !is_below(r, list[at].node))
        at++;
    if (at == *count)
        return false;
    uint64_t parents = of_node[r->stacks->model.nodes[list[at].node].parent].rise;
    bool whole = --*count == r->all; /* all that happened below the node is the key's */
    reach(row, whole ? parents : of_node[list[at].node].rise, whole ? 0 : parents);
    return whole || !*count;
}

/* A stretch of any of these children is one of their key, one that was lost may have been. */
static void settle_spot(const struct rises *r, struct row *row, const struct rises_child *list,
                        size_t count, const uint64_t of[STRETCH_KINDS])
{
    const struct run *of_node = r->stacks->model.runs.of_node;
    size_t children = count;
    if (settle_below(r, row, list, &children))
        return;
    for (size_t i = 0; i < count; i++)
        if (!is_below(r, list[i].node)) {
            const struct run *run = &of_node[list[i].node];
            reach(row, children == 1 ? run->rise : run->alone, 0);
        }
    if (children == 1)
        return;
    if (children == r->all)
        reach(row, of[STRETCH_ALL], 0);
    reach(row, 0, of[STRETCH_LOST]);
    if (children >
        STRETCH_SITES) { /* a stretch whose sites are not known may be of this key alone */
        reach(row, 0, of[STRETCH_LARGE]);
        reach(row, 0, of[STRETCH_ALL]);
    }
}

static bool lies_in(const struct rises *r, const struct rising *of, uint32_t node,
                    const struct rises_child *first, uint32_t spot)
{
    struct rises_child child = child_of(r, node);
    return selection_has(r->selection, node) && same_spot(of, &child, first, spot);
}

/* Each spot that the first site has: as long as the sites are its own they make a stretch of it, which is a run of it if what came
 * before and after is not. */
static void take_set(const struct rises *r, const struct rising *of, const struct stretch *s)
{
    const uint32_t *sites = r->stacks->model.runs.sites + s->first;
    struct rises_child first = child_of(r, sites[0]);
    for (uint32_t spot = 0; spot < first.count && selection_has(r->selection, sites[0]); spot++) {
        struct row *row = row_of(of, &first, spot);
        if (!row || (s->after && lies_in(r, of, s->after, &first, spot)))
            continue;
        uint32_t in = 1;
        while (in < s->count && lies_in(r, of, sites[in], &first, spot))
            in++;
        if (in < s->count || !s->before || !lies_in(r, of, s->before, &first, spot))
            reach(row, r->stacks->model.runs.rises[s->first + in - 1], 0);
    }
}

/* ---- one node ---- */

/* For those of one spot to be next to each other, whichever it is: of this one, and where the key is the place itself. */
static int child_order(const void *a, const void *b, void *context)
{
    const struct rises_child *x = a, *y = b;
    const struct rising *of = context;
    for (uint32_t k = 0; k < x->count && k < y->count && x->places != y->places; k++) {
        uint32_t p = key_of(of, x->places[k]), q = key_of(of, y->places[k]);
        if (p != q)
            return p < q ? -1 : 1;
        if (x->places[k] != y->places[k])
            return x->places[k] < y->places[k] ? -1 : 1;
    }
    return x->count < y->count ? -1 : x->count > y->count;
}

/* Few have many. */
static void sort(struct rises *r)
{
    void *context = (void *)(uintptr_t)r->order;
    if (r->count > 16) {
        qsort_r(r->list, r->count, sizeof *r->list, child_order, context);
        return;
    }
    for (size_t i = 1; i < r->count; i++) {
        struct rises_child one = r->list[i];
        size_t to = i;
        for (; to && child_order(&r->list[to - 1], &one, context) > 0; to--)
            r->list[to] = r->list[to - 1];
        r->list[to] = one;
    }
}

static void settle(const struct rises *r, const struct rising *rising,
                   const struct stretch *stretches, size_t count)
{
    uint64_t of[STRETCH_KINDS] = {[STRETCH_LOST] = r->stacks->log.header.rise_floor};
    for (size_t i = 0; i < count; i++) {
        const struct stretch *s = &stretches[i];
        uint64_t rise = r->stacks->model.runs.rises[s->first];
        if (s->kind == STRETCH_SET)
            take_set(r, rising, s);
        else if (rise > of[s->kind])
            of[s->kind] = rise;
    }
    uint32_t deepest = 0;
    for (size_t i = 0; i < r->count; i++)
        deepest = r->list[i].count > deepest ? r->list[i].count : deepest;
    for (uint32_t spot = 0; spot < deepest; spot++)
        for (size_t i = 0, end; i < r->count; i = end) {
            for (end = i + 1;
                 end < r->count && same_spot(rising, &r->list[i], &r->list[end], spot);)
                end++;
            struct row *row = spot < r->list[i].count ? row_of(rising, &r->list[i], spot) : NULL;
            if (row)
                settle_spot(r, row, r->list + i, end - i, of);
        }
}

/* Most nodes have one child: its runs are its keys'. */
static void settle_only(const struct rises *r, uint32_t node)
{
    const struct rises_child only = child_of(r, node);
    uint64_t rise = r->stacks->model.runs.of_node[node].rise;
    for (const struct rising *of = r->of; of < r->of + r->of_count; of++)
        for (uint32_t spot = 0; spot < only.count; spot++) {
            struct row *row = row_of(of, &only, spot);
            if (row)
                reach(row, rise, 0);
        }
}

void rises_below(struct rises *r, uint32_t node)
{
    const struct runs *runs = &r->stacks->model.runs;
    uint32_t only = r->children->first[node];
    if (!r->of_count || !only)
        return;
    if (!r->children->next[only] && !r->stretches[node] && !is_below(r, only)) {
        if (selection_has(r->selection, only))
            settle_only(r, only);
        return;
    }
    r->count = r->all = 0;
    for (uint32_t child = r->children->first[node]; child; child = r->children->next[child]) {
        r->all += !is_below(r, child);
        if (!selection_has(r->selection, child))
            continue;
        r->list = base_room(r->list, &r->cap, r->count + 1, sizeof *r->list);
        r->list[r->count++] = child_of(r, child);
    }
    sort(r);
    size_t first = r->stretches[node] ? r->stretches[node] - 1 : runs->stretch_count, end = first;
    while (end < runs->stretch_count && runs->stretches[end].parent == node)
        end++;
    for (size_t i = 0; i < r->of_count && r->count; i++)
        settle(r, &r->of[i], runs->stretches + first, end - first);
}

/* ---- all ---- */

void rises_begin(struct rises *r, const struct stacks *stacks, const struct selection *selection,
                 const struct children *children, const struct rising *of, size_t count)
{
    const struct model *model = &stacks->model;
    *r = (struct rises){.stacks = stacks,
                        .selection = selection,
                        .children = children,
                        .of = of,
                        .order = of,
                        .of_count = count};
    if (!count)
        return;
    for (size_t i = 0; i < count; i++)
        r->order = of[i].key_of_place ? &of[i] : r->order;
    r->stretches = base_alloc(model->node_count + (size_t)1, sizeof *r->stretches);
    for (size_t i = model->runs.stretch_count; i-- > 0;)
        r->stretches[model->runs.stretches[i].parent] = (uint32_t)i + 1;
}

void rises_end(struct rises *r)
{
    for (size_t i = 0; i < r->of_count; i++)
        for (uint32_t k = 0; k < r->of[i].count; k++)
            if (r->of[i].list[k].rise_most <= r->of[i].list[k].rise)
                r->of[i].list[k].rise_most = 0;
    free(r->stretches);
    free(r->list);
}

void rises_of_functions(const struct stacks *stacks, const struct rows *lines,
                        struct rows *functions)
{
    const struct model *model = &stacks->model;
    uint64_t anywhere = model->lost.released;
    if (model->under_way_bytes > 0)
        anywhere += (uint64_t)model->under_way_bytes;
    for (uint32_t p = 0; p < lines->count; p++) {
        struct row *function = &functions->list[stacks->frames.places[p].function];
        uint64_t rise = lines->list[p].rise, released = function->sums.released + anywhere;
        if (!function->rise_most || rise <= released || rise - released <= function->rise)
            continue;
        function->rise = rise - released;
        if (function->rise_most <= function->rise)
            function->rise_most = 0;
    }
}

uint64_t rise_of_node(const struct stacks *stacks, uint32_t node)
{
    if (node >= stacks->model.logged) /* as far as the log goes */
        node = stacks->model.nodes[node].parent;
    return stacks->model.runs.of_node[node].rise;
}
