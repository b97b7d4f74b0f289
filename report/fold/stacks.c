/* SPDX-License-Identifier: MIT */
#include "fold/stacks.h"

#include <inttypes.h>

#include "base/base.h"
#include "fold/under.h"
#include "read/reader.h"
#include "resolve/changed.h"
#include "resolve/resolve.h"
#include "resolve/rules.h"
#include "resolve/short.h"

void stacks_make(struct stacks *stacks, struct periods periods)
{
    model_make(&stacks->model, &stacks->log, periods);
    frames_make(&stacks->frames, &stacks->model);
    exact_make(&stacks->exact, &stacks->frames, periods);
}

static bool has_period(struct stacks *stacks)
{
    uint32_t first = stacks->model.periods.first, last = stacks->log.header.period;
    stacks->periodless = first > last;
    if (stacks->periodless)
        base_say("%s: there is no period %" PRIu32 ": the last one is %" PRIu32, stacks->log.name,
                 first, last);
    return !stacks->periodless;
}

static void say_no_function(struct stacks *stacks, const char *name)
{
    base_say("%s: no function in %s is called '%s'%s", stacks->log.name,
             stacks_whole(stacks) ? "the log" : "these periods", name,
             !frames_shims && rules_shim(name) ? "; it is an allocator shim, which --shims shows"
                                               : "");
    stacks->absent = true;
}

static bool stacks_read(struct stacks *stacks, const char *file, struct periods periods,
                        const char *under, bool sized)
{
    *stacks = (struct stacks){0};
    bool read = log_read(&stacks->log, file);
    if (read) {
        stacks->log.keeps_tables = sized;
        stacks->running = log_running(&stacks->log);
        model_make(&stacks->model, &stacks->log, periods);
    }
    stacks->damaged = log_say_problems(&stacks->log);
    if (!read || !has_period(stacks))
        return false;
    frames_make(&stacks->frames, &stacks->model);
    changed_say(&stacks->frames, stacks_whole(stacks));
    short_make(&stacks->frames);
    stacks->under = under != NULL;
    if (!under)
        exact_make(&stacks->exact, &stacks->frames, periods);
    else if (!under_keep(&stacks->model, &stacks->frames, under))
        say_no_function(stacks, under);
    return !stacks->absent;
}

bool stacks_open_under(struct stacks *stacks, const char *file, struct periods periods,
                       const char *under)
{
    return stacks_read(stacks, file, periods, under, false);
}

bool stacks_open_sized(struct stacks *stacks, const char *file, struct periods periods,
                       const char *under)
{
    return stacks_read(stacks, file, periods, under, true);
}

bool stacks_open(struct stacks *stacks, const char *file, struct periods periods)
{
    return stacks_open_under(stacks, file, periods, NULL);
}

void stacks_close(struct stacks *stacks)
{
    exact_free(&stacks->exact);
    frames_free(&stacks->frames);
    model_free(&stacks->model);
    log_close(&stacks->log);
}

int stacks_status(const struct stacks *stacks)
{
    return stacks->damaged || stacks->periodless ? STATUS_BAD
           : stacks->absent                      ? STATUS_NO
                                                 : STATUS_DONE;
}

void stacks_several_add(struct stacks_several *several, const struct stacks *stacks)
{
    int status = stacks_status(stacks);
    if (stacks->absent && status == STATUS_NO)
        several->absent = true;
    else if (status > several->status)
        several->status = status;
    several->any |= status == STATUS_DONE;
}

int stacks_several_status(const struct stacks_several *several)
{
    bool absent = several->absent && !several->any && several->status < STATUS_NO;
    return absent ? STATUS_NO : several->status;
}

bool stacks_whole(const struct stacks *stacks)
{
    const struct periods *periods = &stacks->model.periods;
    return !periods->first && periods->last >= stacks->log.header.period;
}

struct stack stack_of(const struct stacks *stacks, uint32_t node)
{
    struct stack stack = {.of = stacks, .node = node};
    return stack;
}

bool stack_next(struct stack *stack, uint32_t *place)
{
    const struct model *model = &stack->of->model;
    while (!stack->left) {
        if (!stack->node)
            return false;
        const struct node *node = &model->nodes[stack->node];
        stack->left = frames_places(&stack->of->frames, node->frame, &stack->places);
        stack->node = node->parent;
    }
    *place = stack->places[--stack->left];
    return true;
}

uint32_t stack_innermost(const struct stacks *stacks, uint32_t node, enum rank rank,
                         const unsigned char *ranks)
{
    const struct frames *frames = &stacks->frames;
    struct stack stack = stack_of(stacks, node);
    for (uint32_t place; stack_next(&stack, &place);) {
        uint32_t function = frames->places[place].function;
        if ((ranks ? (enum rank)ranks[function] : frames->functions[function].rank) <= rank)
            return place;
    }
    return UINT32_MAX;
}
