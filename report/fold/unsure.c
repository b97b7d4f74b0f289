/* SPDX-License-Identifier: MIT */
#include "fold/unsure.h"

#include <stdlib.h>

#include "base/base.h"

enum { UNSURE_NAMELESS, UNSURE_NAMED, UNSURE_OWN_NAMELESS };

/* What is known of a stack that goes on with this frame: a name of its innermost own code counts, else of any code. */
static unsigned char unsure_name(const struct frames *frames, uint32_t frame, unsigned char outer)
{
    const uint32_t *places;
    uint32_t count = frames_places(frames, frame, &places);
    for (uint32_t k = 0; k < count; k++) {
        const struct function *function = &frames->functions[frames->places[places[k]].function];
        bool named = function->name || function->file;
        if (function->rank <= RANK_PROGRAM)
            outer = named ? UNSURE_NAMED : UNSURE_OWN_NAMELESS;
        else if (outer == UNSURE_NAMELESS && named)
            outer = UNSURE_NAMED;
    }
    return outer;
}

struct unsure unsure_of(const struct stacks *stacks)
{
    const struct model *model = &stacks->model;
    struct unsure unsure = {0};
    unsigned char *cut = base_alloc(model->node_count + (size_t)1, 1);
    unsigned char *named = base_alloc(model->node_count + (size_t)1, 1);
    for (uint32_t i = 1; i < model->node_count; i++) { /* parents come first */
        const struct node *node = &model->nodes[i];
        unsigned kind = node->frame ? log_frame(&stacks->log, node->frame).kind : FRAME_UNKNOWN;
        cut[i] = cut[node->parent] || kind == FRAME_CUT;
        named[i] = named[node->parent];
        if (node->frame && kind != FRAME_CUT && kind != FRAME_UNKNOWN)
            named[i] = unsure_name(&stacks->frames, node->frame, named[i]);
    }
    struct leaf leaf;
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        if (!leaf.node || !class_counts(leaf.class))
            continue;
        if (cut[leaf.node])
            unsure.cut += leaf.sums->allocated;
        if (named[leaf.node] != UNSURE_NAMED)
            unsure.nameless += leaf.sums->allocated;
    }
    free(cut);
    free(named);
    return unsure;
}
