/* SPDX-License-Identifier: MIT */
#include "under.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "match.h"

/* Which functions are meant, one byte each; to be freed. */
static unsigned char *under_functions(const struct frames *frames, const char *wanted)
{
    unsigned char *meant = base_alloc(frames->function_count, 1);
    for (size_t f = 0; f < frames->function_count; f++)
        meant[f] = match_function(wanted, frames_file(frames, &frames->functions[f]),
                                  frames_name(frames, &frames->functions[f]));
    return meant;
}

static bool under_is_call(const struct frames *frames, const unsigned char *meant, uint32_t frame)
{
    const uint32_t *places;
    uint32_t count = frames_places(frames, frame, &places);
    for (uint32_t k = 0; k < count; k++)
        if (meant[frames->places[places[k]].function])
            return true;
    return false;
}

/* The entries of nodes that are still looked at, and their sums. */
static void under_entries(struct model *model)
{
    size_t kept = 0;
    memset(model->classes, 0, sizeof model->classes);
    memset(&model->total, 0, sizeof model->total);
    for (size_t i = 0; i < model->entry_count; i++) {
        const struct model_entry entry = model->entries[i];
        if (model->nodes[entry.node].outside)
            continue;
        sums_add(&model->classes[entry.class], &entry.sums);
        if (class_counts(entry.class))
            sums_add(&model->total, &entry.sums);
        model->entries[kept++] = entry;
    }
    model->entry_count = kept;
}

void under_keep(struct model *model, const struct frames *frames, const char *wanted)
{
    unsigned char *meant = under_functions(frames, wanted);
    uint32_t count = model->log->node_count;
    unsigned char *inside = base_alloc(count, 1);
    for (uint32_t i = 1; i < count; i++) {
        struct model_node *node = &model->nodes[i];
        inside[i] = inside[node->parent] || under_is_call(frames, meant, node->frame);
        if (inside[i])
            continue;
        node->outside = true;
        node->frame = 0;
        node->run = (struct model_run){0};
    }
    under_entries(model);
    free(inside);
    free(meant);
}
