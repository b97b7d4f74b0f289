/* SPDX-License-Identifier: MIT */
#include "fold/under.h"

#include <stdlib.h>

#include "base/base.h"
#include "resolve/match.h"

/* Which functions are meant, one byte each; to be freed. */
static unsigned char *under_functions(const struct frames *frames, const char *wanted, bool *any)
{
    *any = false;
    unsigned char *meant = base_alloc(frames->function_count, 1);
    for (size_t f = 0; f < frames->function_count; f++) {
        meant[f] = match_function(wanted, frames_file(frames, &frames->functions[f]),
                                  frames_name(frames, &frames->functions[f]));
        *any |= meant[f];
    }
    return meant;
}

bool under_keep(struct model *model, const struct frames *frames, const char *wanted)
{
    bool any;
    unsigned char *meant = under_functions(frames, wanted, &any);
    unsigned char *inside = base_alloc(model->node_count + (size_t)1, 1);
    for (uint32_t i = 1; i < model->node_count; i++)
        inside[i] =
            inside[model->nodes[i].parent] || frames_is_of(frames, model->nodes[i].frame, meant);
    model_keep(model, inside);
    free(inside);
    free(meant);
    return any;
}
