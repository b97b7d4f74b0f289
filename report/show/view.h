/* SPDX-License-Identifier: MIT
 *
 * What line tables need of one log: its stacks, rows by line and by function, and the sources.
 */
#ifndef SHOW_VIEW_H
#define SHOW_VIEW_H

#include "fold/rows.h"
#include "fold/stacks.h"
#include "resolve/source.h"

struct view {
    struct stacks stacks;
    struct rows lines;     /* by place */
    struct rows functions; /* by function */
    struct filter filter; /* of the rows; with classes they have no rises, which are of the level */
    struct sources sources;
    uint64_t blank_lines; /* shown for the sake of whole functions: listing.c */
    uint64_t searched;    /* lines of source, for functions' ends */
    uint64_t textless;    /* functions that were shown without source: lines.c */
    unsigned left_out;    /* columns, for want of width: lines.c */
    enum metric
        ranked; /* what functions are shown in the order of: a column, where it is none of the usual ones; 0: so */
};

/* Read the log, say what is wrong with it. `under`: what happened under calls of this function, see stacks_open_under; NULL: all.
 * `filter`: whose figures the rows have. `sized`: sizes_add may be asked. False: nothing can be shown. view_close in any case. */
bool view_open(struct view *view, const char *file, struct periods periods, const char *under,
               const struct filter *filter, bool sized);
void view_close(struct view *view);

/* The worst rank that tables should show: RANK_USER, or a later one when no function of a better one shows anything, or when
 * `all` is set. `functions`: rows by function, with the metrics of rank_metrics. */
#define RANK_METRICS (1u << METRIC_ALLOCATIONS | 1u << METRIC_RELEASES | 1u << METRIC_EXECUTIONS)
enum rank rank_shown(const struct stacks *stacks, const struct rows *functions, bool all);

#endif
