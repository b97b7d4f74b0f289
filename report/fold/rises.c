/* SPDX-License-Identifier: MIT */
#include "fold/rises.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct rises {
    const struct stacks *stacks;
    const struct selection *selection;
    const struct runs *runs;
    const struct tree *tree;
    const uint32_t *row_of;
    const unsigned char *outermost;
    struct row *list;
    struct item *items;
    size_t count, cap;
    uint32_t children; /* of the present node */
};

static void reach(const struct rises *r, uint32_t entry, uint64_t rise, uint64_t most)
{
    struct row *row = &r->list[r->row_of ? r->row_of[entry] : entry];
    if (!r->outermost[entry])
        return;
    if (rise > row->rise)
        row->rise = rise;
    if (most > row->rise_most)
        row->rise_most = most;
}

/* Where a child of the present node has an entry: among the places of its frame, the outermost first, the calls that were inlined
 * in it. Others have the entry at the same spot if the places outside of it are the same: a function that was inlined at two
 * lines of its caller is one entry of the tree by function, and two spots. */
struct spot {
    uint32_t entry;
    uint32_t outer; /* places outside of it */
    const uint32_t *places;
};

struct item {
    struct spot spot;
    uint32_t child;
};

static uint32_t spots_of(const struct rises *r, uint32_t node, const uint32_t **places)
{
    return frames_places(&r->stacks->frames, r->stacks->model.nodes[node].frame, places);
}

static bool lies_in(const struct rises *r, uint32_t node, const struct spot *spot)
{
    const uint32_t *places;
    uint32_t count = spots_of(r, node, &places), entry = r->tree->of_node[node];
    if (!selection_has(r->selection, node) || count <= spot->outer ||
        memcmp(places, spot->places, spot->outer * sizeof *places) != 0)
        return false;
    for (uint32_t left = count - 1 - spot->outer; left; left--)
        entry = r->tree->parent[entry];
    return entry == spot->entry;
}

static void collect(struct rises *r, uint32_t child)
{
    const uint32_t *places;
    uint32_t entry = r->tree->of_node[child];
    for (uint32_t left = spots_of(r, child, &places); left;
         left--, entry = r->tree->parent[entry]) {
        r->items = base_room(r->items, &r->cap, r->count + 1, sizeof *r->items);
        r->items[r->count++] = (struct item){{entry, left - 1, places}, child};
    }
}

static int spot_order(const struct spot *x, const struct spot *y)
{
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    if (x->outer != y->outer)
        return x->outer < y->outer ? -1 : 1;
    return memcmp(x->places, y->places, x->outer * sizeof *x->places);
}

static int item_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = spot_order(&x->spot, &y->spot);
    return order ? order : x->child < y->child ? -1 : x->child > y->child;
}

static bool is_below(const struct rises *r, uint32_t node)
{
    return node >= r->stacks->model.logged;
}

/* One of items[0..count) is a node that the log does not have (model_below): what happened at the present node itself, between the
 * children's stretches. True: that is all that there is to say. */
static bool settle_below(const struct rises *r, const struct item *items, size_t count)
{
    const struct node *nodes = r->stacks->model.nodes;
    uint32_t below = items[count - 1].child, entry = items[0].spot.entry;
    const struct run *of_node = r->runs->of_node;
    if (count - 1 == r->children) { /* all that happened below the node is the entry's */
        reach(r, entry, of_node[nodes[below].parent].rise, 0);
        return true;
    }
    reach(r, entry, of_node[below].rise, of_node[nodes[below].parent].rise);
    return count == 1;
}

/* `children` of the present node have the entry there: a stretch of any of them is one of it, one that was lost may have been. */
static void settle_entry(const struct rises *r, const struct item *items, size_t children,
                         const uint64_t of[STRETCH_KINDS])
{
    uint32_t entry = items[0].spot.entry;
    if (is_below(r, items[children - 1].child)) { /* the last one, as its number is the highest */
        if (settle_below(r, items, children))
            return;
        children--;
    }
    if (children == 1) {
        reach(r, entry, r->runs->of_node[items[0].child].rise, 0);
        return;
    }
    for (size_t i = 0; i < children; i++)
        reach(r, entry, r->runs->of_node[items[i].child].alone, 0);
    if (children == r->children)
        reach(r, entry, of[STRETCH_ALL], 0);
    reach(r, entry, 0, of[STRETCH_LOST]);
    if (children >
        STRETCH_SITES) { /* a stretch whose sites are not known may be of this entry alone */
        reach(r, entry, 0, of[STRETCH_LARGE]);
        reach(r, entry, 0, of[STRETCH_ALL]);
    }
}

/* Each spot that the first site has: as long as the sites are its own they make a stretch of it, which is a run of it if what came
 * before and after is not. */
static void take_set(const struct rises *r, const struct stretch *s)
{
    const uint32_t *sites = r->runs->sites + s->first, *places;
    struct spot spot = {.entry = r->tree->of_node[sites[0]]};
    for (uint32_t left = spots_of(r, sites[0], &places); left; left--) {
        uint32_t in = 1;
        spot.outer = left - 1;
        spot.places = places;
        if (lies_in(r, sites[0], &spot) && !(s->after && lies_in(r, s->after, &spot))) {
            while (in < s->count && lies_in(r, sites[in], &spot))
                in++;
            if (in < s->count || !s->before || !lies_in(r, s->before, &spot))
                reach(r, spot.entry, r->runs->rises[s->first + in - 1], 0);
        }
        spot.entry = r->tree->parent[spot.entry];
    }
}

/* The present node, whose stretches are stretches[0..count). */
static void settle(struct rises *r, const struct stretch *stretches, size_t count)
{
    uint64_t of[STRETCH_KINDS] = {[STRETCH_LOST] = r->stacks->log.header.rise_floor};
    for (size_t i = 0; i < count; i++) {
        const struct stretch *s = &stretches[i];
        uint64_t rise = r->runs->rises[s->first];
        if (s->kind == STRETCH_SET)
            take_set(r, s);
        else if (rise > of[s->kind])
            of[s->kind] = rise;
    }
    if (r->count > 1)
        qsort(r->items, r->count, sizeof *r->items, item_order);
    for (size_t i = 0, end; i < r->count; i = end) {
        for (end = i + 1; end < r->count && !spot_order(&r->items[end].spot, &r->items[i].spot);)
            end++;
        settle_entry(r, r->items + i, end - i, of);
    }
    r->count = 0;
    r->children = 0;
}

void rises_of_keys(const struct stacks *stacks, const struct selection *selection,
                   const struct tree *tree, const uint32_t *row_of, const unsigned char *outermost,
                   struct row *list, uint32_t count)
{
    const struct model *model = &stacks->model;
    const struct runs *runs = &model->runs;
    struct rises r = {.stacks = stacks,
                      .selection = selection,
                      .runs = runs,
                      .tree = tree,
                      .row_of = row_of,
                      .outermost = outermost,
                      .list = list};
    struct children children = children_make(model->node_count);
    for (uint32_t i = model->node_count; i-- > 1;)
        children_add(&children, model->nodes[i].parent, i);
    size_t at = 0, end;
    for (uint32_t node = 0; node < model->node_count; node++, at = end) {
        for (end = at; end < runs->stretch_count && runs->stretches[end].parent == node;)
            end++;
        for (uint32_t child = children.first[node]; child; child = children.next[child]) {
            r.children += !is_below(&r, child);
            if (selection_has(selection, child))
                collect(&r, child);
        }
        settle(&r, end > at ? runs->stretches + at : NULL, end - at);
    }
    for (uint32_t i = 0; i < count; i++)
        if (list[i].rise_most <= list[i].rise)
            list[i].rise_most = 0;
    children_free(&children);
    free(r.items);
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
