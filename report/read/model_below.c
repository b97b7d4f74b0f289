/* SPDX-License-Identifier: MIT
 *
 * Nodes that the log does not have, below those that it has: model_below.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "read/model.h"

/* Of the entries of one node. Allocations alone, without a release among them: the level rose by all of the largest, which is no less than
 * their average. */
static uint64_t certain_rise(const struct entries *entries, const struct entry *list, size_t count)
{
    struct sums sums = {0};
    for (size_t i = 0; i < count; i++) {
        struct sums more = entry_sums(entries, &list[i]);
        if (class_counts(list[i].class))
            sums_add(&sums, &more);
    }
    return sums.allocated && sums.allocations && !sums.releases
               ? (sums.allocated - 1) / sums.allocations + 1
               : 0;
}

/* The new nodes, and which one each node's events go to. */
static uint32_t *below_make(struct model *model, const uint32_t *frames)
{
    uint32_t *below = base_alloc(model->node_count + (size_t)1, sizeof *below);
    unsigned char *inner = base_alloc(model->node_count + (size_t)1, 1);
    uint32_t count = model->node_count;
    size_t more = 0;
    for (uint32_t i = 1; i < count; i++) {
        inner[model->nodes[i].parent] = 1;
        more += frames[i] != 0;
    }
    size_t cap = count + (size_t)1, run_cap = cap;
    model->nodes = base_room(model->nodes, &cap, cap + more, sizeof *model->nodes);
    model->runs.of_node =
        base_room(model->runs.of_node, &run_cap, run_cap + more, sizeof *model->runs.of_node);
    for (uint32_t i = 1; i < count; i++) {
        if (!frames[i])
            continue;
        uint32_t rise = model->node_count++;
        model->nodes[rise] = model->nodes[i];
        model->nodes[rise].parent = i;
        model->nodes[rise].frame = frames[i];
        model->runs.of_node[rise] = inner[i] ? (struct run){0} : model->runs.of_node[i];
        below[i] = rise;
    }
    free(inner);
    return below;
}

void model_below(struct model *model, const uint32_t *frames)
{
    uint32_t *below = below_make(model, frames);
    struct entry *list = model->entries.list,
                 *moved = base_alloc(model->entries.count, sizeof *moved);
    size_t kept = 0, gone = 0;
    for (size_t i = 0; i < model->entries.count; i++) {
        struct entry entry = list[i];
        uint32_t to = below[entry.node];
        if (!to) {
            list[kept++] = entry;
            continue;
        }
        entry.node = to;
        moved[gone++] = entry;
    }
    for (size_t i = 0, end; i < gone; i = end) {
        for (end = i + 1; end < gone && moved[end].node == moved[i].node;)
            end++;
        struct run *run = &model->runs.of_node[moved[i].node];
        uint64_t rise = certain_rise(&model->entries, moved + i, end - i);
        if (rise > run->rise)
            run->rise = rise;
    }
    if (gone)
        memcpy(list + kept, moved, gone * sizeof *moved);
    for (uint32_t t = 1; t < model->thread_count; t++)
        if (below[model->threads[t].leaf])
            model->threads[t].leaf = below[model->threads[t].leaf];
    free(moved);
    free(below);
}
