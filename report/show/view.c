/* SPDX-License-Identifier: MIT */
#include "show/view.h"

#include "fold/fold.h"
#include "resolve/source_log.h"

#define EVERYTHING ((1u << METRICS) - 1)

bool view_open(struct view *view, const char *file, struct periods periods)
{
    *view = (struct view){0};
    if (!stacks_open(&view->stacks, file, periods))
        return false;
    const struct query queries[] = {{.by = BY_LINE, .metrics = EVERYTHING},
                                    {.by = BY_FUNCTION, .metrics = EVERYTHING}};
    struct rows rows[2];
    fold_several(&view->stacks, queries, rows, 2);
    view->lines = rows[0];
    view->functions = rows[1];
    sources_of_log(&view->sources, &view->stacks.log);
    return true;
}

void view_close(struct view *view)
{
    rows_free(&view->lines);
    rows_free(&view->functions);
    sources_free(&view->sources);
    stacks_close(&view->stacks);
}

enum rank rank_shown(const struct stacks *stacks, const struct rows *functions, bool all)
{
    enum rank best = RANK_LIBRARY;
    for (uint32_t f = 0; f < functions->count && !all; f++)
        if (row_shows(&functions->list[f]) && stacks->frames.functions[f].rank < best)
            best = stacks->frames.functions[f].rank;
    return best;
}
