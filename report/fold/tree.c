/* SPDX-License-Identifier: MIT */
#include "fold/tree.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/links.h"

#define AHEAD 8u /* nodes between asking for a slot's memory and looking at it */

static uint32_t tree_add(struct tree *tree, uint32_t parent, uint32_t key)
{
    tree->parent =
        base_room(tree->parent, &tree->cap_parent, tree->count + (size_t)1, sizeof *tree->parent);
    tree->key = base_room(tree->key, &tree->cap_key, tree->count + (size_t)1, sizeof *tree->key);
    tree->parent[tree->count] = parent;
    tree->key[tree->count] = key;
    return tree->count++;
}

static bool is_child(const void *table, uint32_t entry, uint32_t parent, uint32_t key)
{
    const struct tree *tree = table;
    return tree->parent[entry] == parent && tree->key[entry] == key;
}

static uint32_t tree_child(struct tree *tree, struct links *index, uint32_t parent, uint32_t key)
{
    uint64_t *slot = links_slot(index, parent, key, is_child, tree);
    if (!*slot)
        links_put(index, slot, parent, key, tree_add(tree, parent, key));
    return links_entry(slot);
}

static void tree_begin(struct tree *tree, const struct stacks *stacks)
{
    *tree = (struct tree){0};
    tree->of_node = base_alloc(stacks->model.node_count + (size_t)1, sizeof *tree->of_node);
    tree_add(tree, 0, UINT32_MAX); /* the root: entry 0, which no look-up ever asks for */
}

static void fetch_ahead(const struct tree *tree, const struct links *index,
                        const struct stacks *stacks, uint32_t node)
{
    const struct model *model = &stacks->model;
    const uint32_t *places;
    if (node >= model->node_count || !model->nodes[node].parent)
        return;
    if (frames_places(&stacks->frames, model->nodes[node].frame, &places))
        links_fetch(index, tree->of_node[model->nodes[node].parent], places[0]);
}

static void make(struct tree *tree, const struct stacks *stacks, bool threads)
{
    const struct model *model = &stacks->model;
    struct links index = {0};
    tree_begin(tree, stacks);
    for (uint32_t i = 1; i < model->node_count; i++) {
        const struct node *node = &model->nodes[i];
        fetch_ahead(tree, &index, stacks, i + AHEAD);
        uint32_t at = tree->of_node[node->parent];
        if (threads && !node->parent)
            at = tree_child(tree, &index, 0, TREE_THREAD + node->thread);
        const uint32_t *places;
        uint32_t count = frames_places(&stacks->frames, node->frame, &places);
        for (uint32_t k = 0; k < count; k++)
            at = tree_child(tree, &index, at, places[k]);
        tree->of_node[i] = at;
    }
    links_free(&index);
}

/* ---- one for all ---- */

/* The tree that is shared, once somebody has asked for it. */
struct stem {
    bool made;
    struct tree tree;
};

void tree_share(struct stacks *stacks)
{
    if (!stacks->stem)
        stacks->stem = base_alloc(1, sizeof *stacks->stem);
}

void tree_unshare(struct stacks *stacks)
{
    if (!stacks->stem)
        return;
    tree_free(&stacks->stem->tree);
    free(stacks->stem);
    stacks->stem = NULL;
}

void tree_make(struct tree *tree, const struct stacks *stacks, bool threads)
{
    struct stem *stem = stacks->stem;
    if (threads || !stem) {
        make(tree, stacks, threads);
        return;
    }
    if (!stem->made)
        make(&stem->tree, stacks, false);
    stem->made = true;
    *tree = stem->tree;
    tree->shared = true;
}

void tree_make_without(struct tree *tree, const struct stacks *stacks, const uint32_t *key_of_place,
                       const unsigned char *skipped, const unsigned char *ends)
{
    const struct model *model = &stacks->model;
    struct links index = {0};
    tree_begin(tree, stacks);
    /* Where the stacks of a node's children go on: further out than a skipped place that stands for the node's end. */
    uint32_t *onward = base_alloc(model->node_count + (size_t)1, sizeof *onward);
    uint32_t *innermost = base_alloc(model->node_count + (size_t)1, sizeof *innermost);
    innermost[0] = UINT32_MAX;
    for (uint32_t i = 1; i < model->node_count; i++) {
        uint32_t at = onward[model->nodes[i].parent];
        const uint32_t *places;
        uint32_t count = frames_places(&stacks->frames, model->nodes[i].frame, &places);
        uint32_t last = innermost[i] =
            count ? places[count - 1] : innermost[model->nodes[i].parent];
        for (uint32_t k = 0; k < count; k++)
            if (!skipped[places[k]])
                at = tree_child(tree, &index, at,
                                key_of_place ? key_of_place[places[k]] : places[k]);
        onward[i] = at;
        bool ended = ends[i] && last != UINT32_MAX && skipped[last];
        if (ended && !at)
            at = tree_child(tree, &index, 0, TREE_APART);
        if (ended)
            at = tree_child(tree, &index, at, key_of_place ? key_of_place[last] : last);
        tree->of_node[i] = at;
    }
    free(onward);
    free(innermost);
    links_free(&index);
}

void tree_free(struct tree *tree)
{
    if (tree->shared)
        *tree = (struct tree){0};
    free(tree->parent);
    free(tree->key);
    free(tree->of_node);
    *tree = (struct tree){0};
}

struct children children_make(uint32_t count)
{
    return (struct children){base_alloc(count + (size_t)1, sizeof(uint32_t)),
                             base_alloc(count + (size_t)1, sizeof(uint32_t))};
}

struct children children_of_nodes(const struct model *model)
{
    struct children children = children_make(model->node_count);
    for (uint32_t i = model->node_count; i-- > 1;)
        children_add(&children, model->nodes[i].parent, i);
    return children;
}

void children_free(struct children *children)
{
    free(children->first);
    free(children->next);
    *children = (struct children){0};
}
