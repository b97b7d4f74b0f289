/* SPDX-License-Identifier: MIT */
#include "fold/executions.h"

#include <stdlib.h>

#include "base/base.h"

/* The level is that of the latest event, unless the line began later and nothing has happened in it since. */
static void line_put(const struct stacks *stacks, struct row *row, const struct log_line *counted)
{
    struct sums *sums = &row->sums;
    row->exact = true;
    row->executions += counted->executions;
    if (!log_tells_levels(&stacks->log) || (sums->happened && sums->last >= counted->last))
        return;
    sums->happened = true;
    sums->last = counted->last;
    sums->level = counted->level;
}

static void lines_put(const struct stacks *stacks, struct row *lines)
{
    const struct exact *exact = &stacks->exact;
    unsigned char *own = base_alloc(stacks->frames.place_count, 1); /* executed as a line */
    for (size_t i = 0; i < exact->count; i++) {
        const struct exact_line *one = &exact->list[i];
        if (!one->call)
            line_put(stacks, &lines[one->place], &one->counted);
        own[one->place] |= !one->call;
    }
    for (size_t i = 0; i < exact->count; i++) { /* calls whose first line is none of the body's */
        const struct exact_line *one = &exact->list[i];
        if (one->call && !own[one->place])
            line_put(stacks, &lines[one->place], &one->counted);
    }
    free(own);
}

static void functions_put(const struct stacks *stacks, struct row *functions)
{
    const struct exact *exact = &stacks->exact;
    for (size_t i = 0; i < exact->count; i++) {
        const struct exact_line *one = &exact->list[i];
        struct row *row = &functions[stacks->frames.places[one->place].function];
        row->exact = true;
        if (one->call)
            row->executions += one->counted.executions;
    }
}

void executions_put(const struct stacks *stacks, struct rows *rows)
{
    if (rows->by == BY_LINE)
        lines_put(stacks, rows->list);
    else if (rows->by == BY_FUNCTION)
        functions_put(stacks, rows->list);
}
