/* SPDX-License-Identifier: MIT */
#include "fold/tree.h"

#include <pthread.h>
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

static uint32_t key_of(const uint32_t *key_of_place, uint32_t place)
{
    return key_of_place && place < TREE_THREAD ? key_of_place[place] : place;
}

/* ---- from the nodes ---- */

static void fetch_ahead(const struct tree *tree, const struct links *index,
                        const struct stacks *stacks, const uint32_t *key_of_place, uint32_t node)
{
    const struct model *model = &stacks->model;
    const uint32_t *places;
    if (node >= model->node_count || !model->nodes[node].parent)
        return;
    if (frames_places(&stacks->frames, model->nodes[node].frame, &places))
        links_fetch(index, tree->of_node[model->nodes[node].parent],
                    key_of(key_of_place, places[0]));
}

static void make_of_nodes(struct tree *tree, const struct stacks *stacks,
                          const uint32_t *key_of_place, bool threads)
{
    const struct model *model = &stacks->model;
    struct links index = {0};
    tree_begin(tree, stacks);
    for (uint32_t i = 1; i < model->node_count; i++) {
        const struct node *node = &model->nodes[i];
        fetch_ahead(tree, &index, stacks, key_of_place, i + AHEAD);
        uint32_t at = tree->of_node[node->parent];
        if (threads && !node->parent)
            at = tree_child(tree, &index, 0, TREE_THREAD + node->thread);
        const uint32_t *places;
        uint32_t count = frames_places(&stacks->frames, node->frame, &places);
        for (uint32_t k = 0; k < count; k++)
            at = tree_child(tree, &index, at, key_of(key_of_place, places[k]));
        tree->of_node[i] = at;
    }
    links_free(&index);
}

/* ---- from the tree that has all ---- */

/* The tree by thread and place, of which all others can be made: they have no more entries, in the same order. */
struct stem {
    pthread_mutex_t lock;
    bool made;
    struct tree tree;
};

void tree_share(struct stacks *stacks)
{
    if (stacks->stem)
        return;
    stacks->stem = base_alloc(1, sizeof *stacks->stem);
    pthread_mutex_init(&stacks->stem->lock, NULL);
}

void tree_unshare(struct stacks *stacks)
{
    if (!stacks->stem)
        return;
    tree_free(&stacks->stem->tree);
    pthread_mutex_destroy(&stacks->stem->lock);
    free(stacks->stem);
    stacks->stem = NULL;
}

static const struct tree *stem_of(const struct stacks *stacks)
{
    struct stem *stem = stacks->stem;
    pthread_mutex_lock(&stem->lock);
    if (!stem->made)
        make_of_nodes(&stem->tree, stacks, NULL, true);
    stem->made = true;
    pthread_mutex_unlock(&stem->lock);
    return &stem->tree;
}

/* The only root of a thread's: without it all others are one less. */
static bool has_one_thread(const struct tree *stem)
{
    for (uint32_t e = 1; e < stem->count; e++)
        if ((stem->key[e] >= TREE_THREAD) != (e == 1))
            return false;
    return stem->count > 1;
}

static void make_without_root(struct tree *tree, const struct tree *stem, uint32_t nodes)
{
    tree->count = stem->count - 1;
    tree->parent = base_room(NULL, &tree->cap_parent, tree->count, sizeof *tree->parent);
    tree->key = base_room(NULL, &tree->cap_key, tree->count, sizeof *tree->key);
    tree->parent[0] = 0;
    tree->key[0] = stem->key[0];
    for (uint32_t e = 1; e < tree->count; e++) {
        uint32_t parent = stem->parent[e + 1];
        tree->parent[e] = parent - (parent > 0);
        tree->key[e] = stem->key[e + 1];
    }
    for (uint32_t i = 0; i < nodes; i++)
        tree->of_node[i] = stem->of_node[i] - (stem->of_node[i] > 0);
}

static void make_of_stem(struct tree *tree, const struct tree *stem, uint32_t nodes,
                         const uint32_t *key_of_place, bool threads)
{
    struct links index = {0};
    uint32_t *now = base_alloc(stem->count, sizeof *now); /* by entry of the stem */
    tree_add(tree, 0, UINT32_MAX);
    for (uint32_t e = 1; e < stem->count; e++) {
        uint32_t ahead = e + AHEAD, key = stem->key[e];
        if (ahead < stem->count)
            links_fetch(&index, now[stem->parent[ahead]], key_of(key_of_place, stem->key[ahead]));
        now[e] = key >= TREE_THREAD && !threads
                     ? 0
                     : tree_child(tree, &index, now[stem->parent[e]], key_of(key_of_place, key));
    }
    for (uint32_t i = 0; i < nodes; i++)
        tree->of_node[i] = now[stem->of_node[i]];
    free(now);
    links_free(&index);
}

void tree_make(struct tree *tree, const struct stacks *stacks, const uint32_t *key_of_place,
               bool threads)
{
    uint32_t nodes = stacks->model.node_count;
    if (!stacks->stem) {
        make_of_nodes(tree, stacks, key_of_place, threads);
        return;
    }
    const struct tree *stem = stem_of(stacks);
    if (!key_of_place && threads) {
        *tree = *stem;
        tree->shared = true;
        return;
    }
    *tree = (struct tree){.of_node = base_alloc(nodes + (size_t)1, sizeof *tree->of_node)};
    if (!key_of_place && !threads && has_one_thread(stem))
        make_without_root(tree, stem, nodes);
    else
        make_of_stem(tree, stem, nodes, key_of_place, threads);
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
