/* SPDX-License-Identifier: MIT */
#include "show/stacks_json.h"

#include <stdlib.h>

#include "base/base.h"
#include "show/row_json.h"

/* Numbers those that are not STACKS_JSON_NONE from 0, in their order. */
static void number(uint32_t *list, size_t count)
{
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i] != STACKS_JSON_NONE)
            list[i] = next++;
}

static uint32_t *none_of(size_t count)
{
    uint32_t *list = base_alloc(count, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = STACKS_JSON_NONE;
    return list;
}

/* Marks the entries and all outward of them; a parent stands before its children. */
static uint32_t *nodes_of(const struct tree *tree, const uint32_t *entries, size_t count)
{
    uint32_t *node = none_of(tree->count);
    for (size_t i = 0; i < count; i++)
        node[entries[i]] = 0;
    for (uint32_t i = tree->count; i-- > 1;)
        if (node[i] != STACKS_JSON_NONE)
            node[tree->parent[i]] = 0;
    if (tree->count)
        node[0] = STACKS_JSON_NONE; /* the root stands for nothing */
    number(node, tree->count);
    return node;
}

struct stacks_json stacks_json(const struct frames *frames, const struct tree *tree,
                               const uint32_t *entries, size_t count, struct json *json)
{
    struct stacks_json stacks = {nodes_of(tree, entries, count)};
    uint32_t *frame = none_of(frames->place_count);
    for (uint32_t i = 1; i < tree->count; i++)
        if (stacks.node[i] != STACKS_JSON_NONE)
            frame[tree->key[i]] = 0;
    number(frame, frames->place_count);
    json_open(json, "frames", '[');
    for (uint32_t place = 0; place < frames->place_count; place++) {
        if (frame[place] == STACKS_JSON_NONE)
            continue;
        json_open(json, NULL, '{');
        json_place(frames, json, place);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "tree", '[');
    for (uint32_t i = 1; i < tree->count; i++)
        if (stacks.node[i] != STACKS_JSON_NONE)
            json_link(json, tree->parent[i] ? (int64_t)stacks.node[tree->parent[i]] : -1,
                      frame[tree->key[i]]);
    json_close(json, ']');
    free(frame);
    return stacks;
}

void stacks_json_node(const struct stacks_json *stacks, struct json *json, uint32_t entry)
{
    if (stacks->node[entry] == STACKS_JSON_NONE)
        json_none(json, "node");
    else
        json_unsigned(json, "node", stacks->node[entry]);
}

void stacks_json_end(struct stacks_json *stacks)
{
    free(stacks->node);
    stacks->node = NULL;
}
