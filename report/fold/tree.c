/* SPDX-License-Identifier: MIT */
#include "fold/tree.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/map.h"

static uint32_t tree_child(struct tree *tree, struct map *index, uint32_t parent, uint32_t key)
{
    uint32_t *found = map_at(index, (uint64_t)parent << 32 | key);
    if (*found)
        return *found;
    tree->parent =
        base_room(tree->parent, &tree->cap_parent, tree->count + (size_t)1, sizeof *tree->parent);
    tree->key = base_room(tree->key, &tree->cap_key, tree->count + (size_t)1, sizeof *tree->key);
    tree->parent[tree->count] = parent;
    tree->key[tree->count] = key;
    *found = tree->count;
    return tree->count++;
}

void tree_make(struct tree *tree, const struct stacks *stacks, const uint32_t *key_of_place,
               bool threads)
{
    const struct model *model = &stacks->model;
    struct map index = {0};
    *tree = (struct tree){0};
    tree->of_node = base_alloc(model->node_count + (size_t)1, sizeof *tree->of_node);
    tree_child(tree, &index, 0, UINT32_MAX); /* the root: entry 0, which no look-up ever asks for */
    for (uint32_t i = 1; i < model->node_count; i++) {
        const struct node *node = &model->nodes[i];
        uint32_t at = tree->of_node[node->parent];
        if (threads && !node->parent)
            at = tree_child(tree, &index, 0, TREE_THREAD + node->thread);
        const uint32_t *places;
        uint32_t count = frames_places(&stacks->frames, node->frame, &places);
        for (uint32_t k = 0; k < count; k++)
            at = tree_child(tree, &index, at, key_of_place ? key_of_place[places[k]] : places[k]);
        tree->of_node[i] = at;
    }
    map_free(&index);
}

void tree_make_without(struct tree *tree, const struct stacks *stacks, const uint32_t *key_of_place,
                       const unsigned char *skipped, const unsigned char *ends)
{
    const struct model *model = &stacks->model;
    struct map index = {0};
    *tree = (struct tree){0};
    tree->of_node = base_alloc(model->node_count + (size_t)1, sizeof *tree->of_node);
    /* Where the stacks of a node's children go on: further out than a skipped place that stands for the node's end. */
    uint32_t *onward = base_alloc(model->node_count + (size_t)1, sizeof *onward);
    uint32_t *innermost = base_alloc(model->node_count + (size_t)1, sizeof *innermost);
    innermost[0] = UINT32_MAX;
    tree_child(tree, &index, 0, UINT32_MAX);
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
    map_free(&index);
}

void tree_free(struct tree *tree)
{
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

void children_free(struct children *children)
{
    free(children->first);
    free(children->next);
    *children = (struct children){0};
}
