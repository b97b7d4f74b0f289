/* SPDX-License-Identifier: MIT */
#include "fold/keys.h"

#include "base/base.h"

uint32_t keys_count(const struct stacks *stacks, enum grouping by)
{
    const struct frames *frames = &stacks->frames;
    switch (by) {
    case BY_LINE:
        return (uint32_t)frames->place_count;
    case BY_FUNCTION:
        return (uint32_t)frames->function_count;
    case BY_FILE:
        return (uint32_t)frames->strings.count + 1;
    case BY_MODULE:
        return (uint32_t)stacks->log.module_count + 1;
    case BY_THREAD:
        return stacks->model.thread_count + 1;
    case BY_CLASS:
        return CLASSES;
    default:
        return 0;
    }
}

static uint32_t key_of_place(const struct stacks *stacks, enum grouping by, uint32_t place)
{
    uint32_t index = stacks->frames.places[place].function;
    const struct function *function = &stacks->frames.functions[index];
    switch (by) {
    case BY_FUNCTION:
        return index;
    case BY_FILE:
        return function->file;
    case BY_MODULE: /* a damaged log may name one that is not there */
        return function->module < stacks->log.module_count ? function->module : 0;
    default:
        return place;
    }
}

uint32_t *keys_of_places(const struct stacks *stacks, enum grouping by)
{
    if (by == BY_LINE)
        return NULL;
    uint32_t *keys = base_alloc(stacks->frames.place_count, sizeof *keys);
    for (uint32_t p = 0; p < stacks->frames.place_count; p++)
        keys[p] = key_of_place(stacks, by, p);
    return keys;
}
