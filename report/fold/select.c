/* SPDX-License-Identifier: MIT */
#include "fold/select.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/match.h"

/* What filters of this command have met with, whichever view asked: a view of nothing is to be told from one of little. */
static bool asked, took, took_thread;
static struct filter all_asked; /* its globs: they are the same for all views of a command */

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

static void note_asked(const struct filter *filter)
{
    __atomic_store_n(&all_asked.function, filter->function, __ATOMIC_RELAXED);
    __atomic_store_n(&all_asked.file, filter->file, __ATOMIC_RELAXED);
    __atomic_store_n(&all_asked.module, filter->module, __ATOMIC_RELAXED);
    __atomic_store_n(&all_asked.thread, filter->thread, __ATOMIC_RELAXED);
    __atomic_store_n(&asked, true, __ATOMIC_RELEASE);
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
    bool any_thread = false;
    for (uint32_t i = 1; i < model->node_count; i++) { /* parents come first */
        const struct node *node = &model->nodes[i];
        bool of_thread =
            !filter->thread || (node->thread < model->thread_count &&
                                !fnmatch(filter->thread, model->threads[node->thread].name, 0));
        any_thread |= of_thread;
        selection->nodes[i] = of_thread && (!frames || selection->nodes[node->parent] ||
                                            frames_is_of(&stacks->frames, node->frame, matches));
    }
    free(matches);
    note_asked(filter);
    if (any_thread)
        __atomic_store_n(&took_thread, true, __ATOMIC_RELAXED);
    if (memchr(selection->nodes, 1, model->node_count))
        __atomic_store_n(&took, true, __ATOMIC_RELAXED);
}

char *selections_took_none(void)
{
    if (!__atomic_load_n(&asked, __ATOMIC_ACQUIRE) || __atomic_load_n(&took, __ATOMIC_RELAXED))
        return NULL;
    const char *const names[] = {"function", "file", "module", "thread"};
    const char *globs[] = {all_asked.function, all_asked.file, all_asked.module, all_asked.thread};
    char *text = NULL;
    size_t bytes, given = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return base_copy("no stack is what the filters ask for", 36);
    /* Where no thread is called so, it is not for the others. */
    bool thread_alone = globs[3] && !__atomic_load_n(&took_thread, __ATOMIC_RELAXED);
    fputs("no stack is what ", out);
    for (size_t i = thread_alone ? 3 : 0; i < sizeof globs / sizeof globs[0]; i++)
        if (globs[i])
            fprintf(out, "%s--%s %s", given++ ? " and " : "", names[i], globs[i]);
    fprintf(out, " ask%s for", given == 1 ? "s" : "");
    fclose(out);
    return text;
}

void selection_free(struct selection *selection)
{
    free(selection->nodes);
    selection->nodes = NULL;
}
