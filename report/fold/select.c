/* SPDX-License-Identifier: MIT */
#include "fold/select.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/match.h"

/* What filters of this command have met with, whichever view asked: a view of nothing is to be told from one of little. */
static bool asked, took;

/* By function: does a frame of it match? */
static unsigned char *matching_functions(const struct stacks *stacks, const struct filter *filter)
{
    const struct frames *frames = &stacks->frames;
    unsigned char *matches = base_alloc(frames->function_count, 1);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        struct log_text path = frames_module(frames, function);
        char *module = filter->module ? base_copy(path.text ? path.text : "", path.bytes) : NULL;
        matches[f] =
            (!filter->function ||
             match_name_glob(filter->function, frames_name(frames, function))) &&
            (!filter->file || match_path_glob(filter->file, frames_file(frames, function))) &&
            (!filter->module || match_path_glob(filter->module, module));
        free(module);
    }
    return matches;
}

void selection_make(struct selection *selection, const struct stacks *stacks,
                    const struct filter *filter)
{
    const struct model *model = &stacks->model;
    *selection = (struct selection){0};
    bool frames = filter->function || filter->file || filter->module;
    if (!frames && !filter->thread)
        return;
    unsigned char *matches = frames ? matching_functions(stacks, filter) : NULL;
    selection->nodes = base_alloc(model->node_count + (size_t)1, 1);
    for (uint32_t i = 1; i < model->node_count; i++) { /* parents come first */
        const struct node *node = &model->nodes[i];
        bool of_thread =
            !filter->thread || (node->thread < model->thread_count &&
                                !fnmatch(filter->thread, model->threads[node->thread].name, 0));
        selection->nodes[i] = of_thread && (!frames || selection->nodes[node->parent] ||
                                            frames_is_of(&stacks->frames, node->frame, matches));
    }
    free(matches);
    __atomic_store_n(&asked, true, __ATOMIC_RELAXED);
    if (memchr(selection->nodes, 1, model->node_count))
        __atomic_store_n(&took, true, __ATOMIC_RELAXED);
}

bool selections_took_none(void)
{
    return __atomic_load_n(&asked, __ATOMIC_RELAXED) && !__atomic_load_n(&took, __ATOMIC_RELAXED);
}

void selection_free(struct selection *selection)
{
    free(selection->nodes);
    selection->nodes = NULL;
}
