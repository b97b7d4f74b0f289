/* SPDX-License-Identifier: MIT */
#include "rises.h"

#include <stdlib.h>

#include "base.h"

/* A child of the present node lies in an entry. */
struct item {
    uint32_t entry, child;
};

struct rises {
    const struct fold_tree *tree;
    const struct model *model;
    const struct frames *frames;
    struct rise *rise; /* by entry */
    struct item *items;
    size_t count, cap;
    uint32_t children; /* of the present node */
};

static void reach(struct rise *rise, uint64_t height)
{
    if (height > rise->rise)
        rise->rise = height;
}

static uint32_t levels_of(const struct rises *r, uint32_t node)
{
    const uint32_t *places;
    return frames_places(r->frames, r->model->nodes[node].frame, &places);
}

/* The node lies in the entry: in that of its frame, or of a call that was inlined in it. */
static bool lies_in(const struct rises *r, uint32_t node, uint32_t entry)
{
    uint32_t at = r->tree->of_node[node];
    for (uint32_t left = levels_of(r, node); left; left--, at = r->tree->parent[at])
        if (at == entry)
            return true;
    return false;
}

static void collect(struct rises *r, uint32_t child)
{
    uint32_t entry = r->tree->of_node[child];
    for (uint32_t left = levels_of(r, child); left; left--, entry = r->tree->parent[entry]) {
        r->items = base_room(r->items, &r->cap, r->count + 1, sizeof *r->items);
        r->items[r->count++] = (struct item){entry, child};
    }
    r->children++;
}

static int by_entry(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return x->child < y->child ? -1 : x->child > y->child;
}

/* `children` of the present node lie in the entry: a stretch of any of them is one of it, one that was lost may have been. */
static void settle_entry(const struct rises *r, const struct item *items, size_t children,
                         const uint64_t of[MT_STRETCH_LOST + 1])
{
    struct rise *rise = &r->rise[items[0].entry];
    if (children == 1) {
        reach(rise, r->model->nodes[items[0].child].rise);
        return;
    }
    for (size_t i = 0; i < children; i++)
        reach(rise, r->model->nodes[items[i].child].alone);
    if (children == r->children)
        reach(rise, of[MT_STRETCH_ALL]);
    if (of[MT_STRETCH_LOST] > rise->most)
        rise->most = of[MT_STRETCH_LOST];
    if (children > MT_STRETCH_SITES && of[MT_STRETCH_LARGE] > rise->most)
        rise->most = of[MT_STRETCH_LARGE];
}

/* Each entry that has the first site: as long as the sites are its own they make a stretch of it, which is a run of it if what came
 * before and after is not. */
static void take_set(const struct rises *r, const struct model_stretch *s)
{
    const uint32_t *sites = r->model->stretch_sites + s->first;
    uint32_t entry = r->tree->of_node[sites[0]];
    for (uint32_t left = levels_of(r, sites[0]); left; left--, entry = r->tree->parent[entry]) {
        uint32_t in = 1;
        if (s->after && lies_in(r, s->after, entry))
            continue;
        while (in < s->count && lies_in(r, sites[in], entry))
            in++;
        if (in < s->count || !s->before || !lies_in(r, s->before, entry))
            reach(&r->rise[entry], r->model->stretch_rises[s->first + in - 1]);
    }
}

/* The present node, whose stretches are stretches[0..count). */
static void settle(struct rises *r, const struct model_stretch *stretches, size_t count)
{
    const struct model *model = r->model;
    uint64_t of[MT_STRETCH_LOST + 1] = {[MT_STRETCH_LOST] = model->log->header.rise_floor};
    for (size_t i = 0; i < count; i++) {
        const struct model_stretch *s = &stretches[i];
        uint64_t rise = model->stretch_rises[s->first];
        if (s->kind == MT_STRETCH_SET)
            take_set(r, s);
        else if (rise > of[s->kind])
            of[s->kind] = rise;
    }
    if (r->count > 1)
        qsort(r->items, r->count, sizeof *r->items, by_entry);
    for (size_t i = 0, end; i < r->count; i = end) {
        for (end = i + 1; end < r->count && r->items[end].entry == r->items[i].entry;)
            end++;
        settle_entry(r, r->items + i, end - i, of);
    }
    r->count = 0;
    r->children = 0;
}

struct rise *rises_make(const struct fold_tree *tree, const struct model *model,
                        const struct frames *frames)
{
    uint32_t count = model->log->node_count;
    uint32_t *first = base_alloc(count + (size_t)1, sizeof *first);
    uint32_t *next = base_alloc(count + (size_t)1, sizeof *next);
    struct rises r = {.tree = tree,
                      .model = model,
                      .frames = frames,
                      .rise = base_alloc(tree->count, sizeof *r.rise)};
    for (uint32_t i = count; i-- > 1;) {
        next[i] = first[model->nodes[i].parent];
        first[model->nodes[i].parent] = i;
    }
    for (uint32_t node = 0, at = 0, end; node < count; node++, at = end) {
        for (end = at; end < model->stretch_count && model->stretches[end].parent == node;)
            end++;
        for (uint32_t child = first[node]; child; child = next[child])
            collect(&r, child);
        settle(&r, model->stretches + at, end - at);
    }
    for (uint32_t e = 0; e < tree->count; e++)
        if (r.rise[e].most <= r.rise[e].rise)
            r.rise[e].most = 0;
    free(first);
    free(next);
    free(r.items);
    return r.rise;
}
