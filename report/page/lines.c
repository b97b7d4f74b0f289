/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/base.h"
#include "fold/fold.h"
#include "page/tables.h"

/* A row's place among the others: by what it held at the peak, then by what was allocated. */
void line_list_make(struct line_list *lines, const struct view *view)
{
    *lines = (struct line_list){.rank = rank_shown(&view->stacks, &view->functions, false)};
    if (lines->rank < RANK_PROGRAM)
        lines->rank = RANK_PROGRAM;
    lines->places = rows_by(&view->lines, METRIC_PEAK, row_shows, &lines->count);
    if (lines->count > LINES_MOST) {
        lines->left_out = lines->count - LINES_MOST;
        lines->count = LINES_MOST;
    }
}

void line_list_free(struct line_list *lines)
{
    free(lines->places);
    rows_free(&lines->own);
    *lines = (struct line_list){0};
}

static void metric_column(const struct line_list *lines, const struct rows *rows, const char *name,
                          enum metric metric, struct columns *columns)
{
    columns_begin(columns, name);
    for (size_t i = 0; i < lines->count; i++)
        columns_signed(columns, row_metric(&rows->list[lines->places[i]], metric));
}

static const struct {
    const char *name;
    enum metric metric;
} inclusive[] = {{"line.peak", METRIC_PEAK},
                 {"line.live", METRIC_LIVE},
                 {"line.leaked", METRIC_LEAKED},
                 {"line.allocated", METRIC_ALLOCATED},
                 {"line.allocations", METRIC_ALLOCATIONS},
                 {"line.released", METRIC_RELEASED},
                 {"line.increment", METRIC_INCREMENT},
                 {"line.resident", METRIC_RESIDENT}},
  own[] = {{"own.peak", METRIC_PEAK},
           {"own.live", METRIC_LIVE},
           {"own.leaked", METRIC_LEAKED},
           {"own.allocated", METRIC_ALLOCATED},
           {"own.allocations", METRIC_ALLOCATIONS},
           {"own.released", METRIC_RELEASED},
           {"own.increment", METRIC_INCREMENT},
           {"own.resident", METRIC_RESIDENT}};

void lines_columns(const struct line_list *lines, const struct view *view,
                   const struct naming *names, struct columns *columns)
{
    const struct row *rows = view->lines.list;
    columns_begin(columns, "line.frame");
    for (size_t i = 0; i < lines->count; i++)
        columns_number(columns, names->of_place[lines->places[i]]);
    for (size_t k = 0; k < sizeof inclusive / sizeof inclusive[0]; k++)
        metric_column(lines, &view->lines, inclusive[k].name, inclusive[k].metric, columns);
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
        metric_column(lines, &lines->own, own[k].name, own[k].metric, columns);
    bool rises = !view->filter.classes && !view->stacks.processes;
    columns_begin(columns, "line.rise");
    for (size_t i = 0; i < lines->count && rises; i++)
        columns_number(columns, rows[lines->places[i]].rise);
    columns_begin(columns, "line.rise_most");
    for (size_t i = 0; i < lines->count && rises; i++)
        columns_number(columns, rows[lines->places[i]].rise_most);
    columns_begin(columns, "line.executions"); /* + 1; 0: not counted */
    for (size_t i = 0; i < lines->count; i++)
        columns_number(columns,
                       rows[lines->places[i]].exact ? rows[lines->places[i]].executions + 1 : 0);
}
