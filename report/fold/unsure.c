/* SPDX-License-Identifier: MIT */
#include "fold/unsure.h"

#include <stdlib.h>

#include "base/base.h"

/* What is known of a stack: bits. */
enum { OWN = 1, OWN_NAMED = 2, INNERMOST_NAMED = 4 };

static unsigned char bits_of(const struct frames *frames, uint32_t frame, unsigned char outer)
{
    const uint32_t *places;
    uint32_t count = frames_places(frames, frame, &places);
    for (uint32_t k = 0; k < count; k++) {
        const struct function *function = &frames->functions[frames->places[places[k]].function];
        bool named = function->name || function->file;
        if (function->rank <= RANK_PROGRAM)
            outer = named ? OWN | OWN_NAMED : OWN;
        outer = (unsigned char)((outer & ~INNERMOST_NAMED) | (named ? INNERMOST_NAMED : 0));
    }
    return outer;
}

/* Its innermost own code counts, else its innermost code. */
static bool has_name(unsigned char bits)
{
    return bits & (bits & OWN ? OWN_NAMED : INNERMOST_NAMED);
}

struct unsure unsure_of(const struct stacks *stacks)
{
    const struct model *model = &stacks->model;
    struct unsure unsure = {0};
    unsigned char *cut = base_alloc(model->node_count + (size_t)1, 1);
    unsigned char *named = base_alloc(model->node_count + (size_t)1, 1);
    for (uint32_t i = 1; i < model->node_count; i++) { /* parents come first */
        const struct node *node = &model->nodes[i];
        unsigned kind = frames_of_log(&stacks->frames, node->frame).kind;
        cut[i] = cut[node->parent] || kind == FRAME_CUT;
        named[i] = named[node->parent];
        if (kind == FRAME_UNKNOWN)
            named[i] &= (unsigned char)~INNERMOST_NAMED;
        else if (kind != FRAME_CUT)
            named[i] = bits_of(&stacks->frames, node->frame, named[i]);
    }
    struct leaf leaf;
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        if (!leaf.node || !class_counts(leaf.class))
            continue;
        if (cut[leaf.node])
            unsure.cut += leaf.sums.allocated;
        if (!has_name(named[leaf.node]))
            unsure.nameless += leaf.sums.allocated;
    }
    free(cut);
    free(named);
    return unsure;
}
