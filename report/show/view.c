/* SPDX-License-Identifier: MIT */
#include "show/view.h"

#include "fold/fold.h"
#include "fold/tree.h"
#include "resolve/source_log.h"

#define EVERYTHING ((1u << METRICS) - 1)

bool view_open(struct view *view, const char *file, struct periods periods, const char *under,
               const struct filter *filter, bool sized)
{
    *view = (struct view){.filter = *filter};
    if (!(sized ? stacks_open_sized : stacks_open_under)(&view->stacks, file, periods, under))
        return false;
    unsigned metrics = filter->classes ? EVERYTHING & ~(1u << METRIC_RISE) : EVERYTHING;
    tree_share(&view->stacks);
    fold_lines(&view->stacks, metrics, filter, &view->lines, &view->functions);
    sources_of_log(&view->sources, &view->stacks.log);
    return true;
}

void view_close(struct view *view)
{
    rows_free(&view->lines);
    rows_free(&view->functions);
    sources_free(&view->sources);
    tree_unshare(&view->stacks);
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
