/* SPDX-License-Identifier: MIT */
#include "resolve/changed.h"

#include <stdlib.h>

#include "base/base.h"
#include "resolve/source_log.h"
#include "resolve/source_of.h"

#define SAID_MAX 10u /* files that are named */

void changed_say(struct frames *frames)
{
    struct sources sources = {0};
    unsigned char *seen = base_alloc(frames->strings.count + 1, 1); /* by file */
    sources_of_log(&sources, frames->log);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        if (function->rank != RANK_USER || !function->file || seen[function->file] ||
            !source_of_changed(&sources, frames, function))
            continue;
        seen[function->file] = 1;
        if (frames->changed_sources++ < SAID_MAX)
            base_say("%s: %s has changed since the run: the numbers of its lines are those of "
                     "then, and its text is not shown",
                     frames->log->name, frames_file(frames, function));
    }
    if (frames->changed_sources > SAID_MAX)
        base_say("%s: and %u more source files have changed", frames->log->name,
                 frames->changed_sources - SAID_MAX);
    free(seen);
    sources_free(&sources);
}
