/* SPDX-License-Identifier: MIT */
#include "fold/own.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/keeps.h"

unsigned char *own_ranks(const struct frames *frames)
{
    unsigned char *ranks = base_alloc(frames->function_count + 1, 1);
    unsigned char *has_lines = base_alloc(frames->log->module_count + 1, 1);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        ranks[f] = (unsigned char)function->rank;
        if (function->rank == RANK_USER && function->module < frames->log->module_count)
            has_lines[function->module] = 1;
    }
    has_lines[0] = 0;
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        bool python = !strcmp(function->language, "Python");
        bool glue =
            python ? !function->command
                   : function->module < frames->log->module_count && has_lines[function->module];
        if (ranks[f] == RANK_PROGRAM && glue)
            ranks[f] = RANK_LIBRARY;
    }
    free(has_lines);
    return ranks;
}

uint32_t *own_places(const struct stacks *stacks, const struct tree *tree, const struct own *own)
{
    const struct frames *frames = &stacks->frames;
    uint32_t *place_of = base_alloc(tree->count, sizeof *place_of);
    unsigned char *rank_of = base_alloc(tree->count, 1);
    unsigned char *keeps = base_alloc(frames->function_count + 1, 1);
    for (size_t f = 0; own->kept_apart && f < frames->function_count; f++)
        keeps[f] = keeps_for_runtime(frames, &frames->functions[f]);
    place_of[0] = OWN_NONE;
    rank_of[0] = RANK_LIBRARY;
    for (uint32_t e = 1; e < tree->count; e++) {
        uint32_t key = tree->key[e], parent = tree->parent[e];
        place_of[e] = place_of[parent];
        rank_of[e] = rank_of[parent];
        if (key >= TREE_THREAD)
            continue;
        uint32_t function = frames->places[key].function;
        enum rank rank = own->ranks[function];
        if (own->rank == RANK_LIBRARY || (rank <= own->rank && rank <= (enum rank)rank_of[e])) {
            place_of[e] = key;
            rank_of[e] = (unsigned char)rank;
        } else if (keeps[function]) {
            place_of[e] = OWN_NONE;
            rank_of[e] = RANK_LIBRARY;
        }
    }
    free(keeps);
    free(rank_of);
    return place_of;
}

unsigned char *own_outermost(const struct tree *tree, uint32_t keys)
{
    struct children children = children_make(tree->count);
    uint32_t *on_path = base_alloc(keys + (size_t)1, sizeof *on_path);
    unsigned char *outermost = base_alloc(tree->count, 1);
    for (uint32_t e = tree->count; e-- > 1;)
        children_add(&children, tree->parent[e], e);
    uint32_t at = children.first[0];
    while (at) { /* depth first, without recursion */
        uint32_t key = tree->key[at];
        if (key < keys)
            outermost[at] = on_path[key]++ == 0;
        uint32_t next = children.first[at];
        while (!next && at) {
            key = tree->key[at];
            if (key < keys)
                on_path[key]--;
            next = children.next[at];
            if (!next)
                at = tree->parent[at];
        }
        at = next;
    }
    free(on_path);
    children_free(&children);
    return outermost;
}
