/* SPDX-License-Identifier: MIT */
#include "resolve/frames.h"

#include <stdlib.h>
#include <string.h>

bool frames_shims;

const char *frames_file(const struct frames *frames, const struct function *function)
{
    return strings_get(&frames->strings, function->file);
}

const char *frames_short(const struct frames *frames, const struct function *function)
{
    const char *file = frames_file(frames, function), *slash = file ? strrchr(file, '/') : NULL;
    if (function->file && function->file <= frames->short_count && frames->shorts[function->file])
        return frames->shorts[function->file];
    return slash && slash[1] ? slash + 1 : file;
}

const char *frames_name(const struct frames *frames, const struct function *function)
{
    return strings_get(&frames->strings, function->name);
}

struct log_text frames_module(const struct frames *frames, const struct function *function)
{
    if (function->module < frames->log->module_count)
        return frames->log->modules[function->module].path;
    return (struct log_text){0};
}

enum rank frames_rank(const struct frames *frames)
{
    enum rank best = RANK_LIBRARY;
    for (size_t f = 0; f < frames->function_count; f++)
        if (frames->functions[f].rank < best)
            best = frames->functions[f].rank;
    return best;
}

void frames_free(struct frames *frames)
{
    strings_free(&frames->strings);
    map_free(&frames->function_index);
    map_free(&frames->place_index);
    free(frames->functions);
    free(frames->function_chain);
    free(frames->places);
    free(frames->place_chain);
    free(frames->start);
    free(frames->shorts);
    free(frames->place_of);
    free(frames->more);
    *frames = (struct frames){0};
}
