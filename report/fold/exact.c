/* SPDX-License-Identifier: MIT */
#include "fold/exact.h"

#include <stdlib.h>

#include "base/base.h"
#include "resolve/resolve.h"

static void add(struct exact *exact, struct frames *frames, const struct log_lines *lines,
                uint32_t index)
{
    struct exact_line one = {.call = !index, .counted = log_line(lines, index)};
    const struct log *log = frames->log;
    uint32_t line = lines->first_line + index - 1;

    if (!one.counted.executions)
        return;
    if (!index)
        line = lines->code < log->code_count ? log->codes[lines->code].first_line : 0;
    one.place = frames_python(frames, lines->code, line);
    exact->list = base_room(exact->list, &exact->cap, exact->count + 1, sizeof *exact->list);
    exact->list[exact->count++] = one;
}

void exact_make(struct exact *exact, struct frames *frames, struct periods periods)
{
    const struct log *log = frames->log;

    *exact = (struct exact){0};
    for (size_t r = 0; r < log->lines_count; r++)
        for (uint32_t i = 0; i < log->lines[r].count && log->lines[r].period >= periods.first &&
                             log->lines[r].period <= periods.last;
             i++)
            add(exact, frames, &log->lines[r], i);
}

void exact_free(struct exact *exact)
{
    free(exact->list);
    *exact = (struct exact){0};
}
