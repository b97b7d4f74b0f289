/* SPDX-License-Identifier: MIT */
#include "resolve/changed.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"
#include "resolve/source_log.h"
#include "resolve/source_of.h"

#define SAID_MAX 10u /* files that are named */

void changed_say(struct frames *frames, bool whole)
{
    struct sources sources = {0};
    unsigned char *seen = base_alloc(frames->strings.count + 1, 1); /* by file */
    sources_of_log(&sources, frames->log);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        if (function->rank != RANK_USER || !function->file || seen[function->file])
            continue;
        bool changed = source_of_changed(&sources, frames, function);
        bool mixed = whole && source_of_mixed(&sources, frames, function);
        seen[function->file] = changed || mixed;
        if ((!changed && !mixed) || frames->changed_sources++ >= SAID_MAX)
            continue;
        base_say("%s: %s %s", frames->log->name, frames_file(frames, function),
                 changed ? "has changed since the run: the numbers of its lines are those of then, "
                           "and its text is not shown"
                         : "changed while the program ran: what its lines did before is counted "
                           "for those that have their numbers now");
    }
    char number[TEXT_COUNT_BYTES];
    if (frames->changed_sources > SAID_MAX)
        base_say("%s: and %s more source file%s changed", frames->log->name,
                 text_count(number, frames->changed_sources - SAID_MAX),
                 frames->changed_sources - SAID_MAX == 1 ? " has" : "s have");
    free(seen);
    sources_free(&sources);
}
