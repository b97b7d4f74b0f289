/* SPDX-License-Identifier: MIT */
#include "export/used.h"

const struct sample_type sample_types[SAMPLE_TYPES] = {
    {FIGURE_ALLOCATIONS, "alloc_objects", "count"},
    {FIGURE_ALLOCATED, "alloc_space", "bytes"},
    {FIGURES, "inuse_objects", "count"},
    {FIGURE_LEAKED, "inuse_space", "bytes"},
    {FIGURE_LIVE, "live_space", "bytes"},
    {FIGURE_PEAK, "peak_space", "bytes"},
    {FIGURE_PEAK_BLOCKS, "peak_objects", "count"}};

int64_t sample_value(const struct profile_node *node, const struct sample_type *type)
{
    int64_t value = type->figure < FIGURES
                        ? node->own[type->figure]
                        : figure_minus(node->own[FIGURE_ALLOCATIONS], node->own[FIGURE_FREES]);
    return value > 0 ? value : 0;
}

bool used_root(const struct profile_location *location)
{
    return location->kind == LOCATION_PROCESS || location->kind == LOCATION_PERIOD ||
           location->kind == LOCATION_THREAD;
}

void used_mark(const struct profile *profile, uint64_t *modules, uint64_t *locations)
{
    for (uint32_t i = 1; i < profile->node_count; i++) {
        const struct profile_location *location = profile_at(profile, i);
        if (used_root(location))
            continue;
        locations[profile->nodes[i].location] = 1;
        modules[location->module] = 1;
    }
    modules[0] = 0;
}

bool used_line(const struct profile *profile, const struct profile_location *location,
               uint32_t index)
{
    return !location->address || !location->module ||
           profile_function_of(profile, location, index)->known;
}
