/* SPDX-License-Identifier: MIT */
#include "fold/rows.h"

#include <stdlib.h>

#include "base/base.h"

void rows_free(struct rows *rows)
{
    free(rows->list);
    tree_free(&rows->tree);
    *rows = (struct rows){0};
}

bool row_acted(const struct row *row)
{
    return row->sums.allocations || row->sums.releases || row->sums.discards;
}

bool row_shows(const struct row *row)
{
    return row_acted(row) || row->exact;
}

static int64_t bounded(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

int64_t sums_metric(const struct sums *sums, enum metric metric)
{
    switch (metric) {
    case METRIC_PEAK:
        return sums->at_peak;
    case METRIC_LIVE:
        return sums_live(sums);
    case METRIC_LEAKED:
        return sums_leaked(sums);
    case METRIC_ALLOCATED:
        return bounded(sums->allocated);
    case METRIC_ALLOCATIONS:
        return bounded(sums->allocations);
    case METRIC_RELEASED:
        return bounded(sums->released);
    case METRIC_RELEASES:
        return bounded(sums->releases);
    case METRIC_INCREMENT:
        return sums_increment(sums);
    case METRIC_TEMPORARY:
        return bounded(sums->temporary);
    case METRIC_SLACK:
        return bounded(sums->slack);
    case METRIC_RESIDENT:
        return sums->resident;
    case METRIC_DISCARDED:
        return bounded(sums->discarded);
    case METRIC_USAGE:
        return sums->happened ? bounded(sums->level) : 0;
    default: /* no sum */
        return 0;
    }
}

int64_t row_metric(const struct row *row, enum metric metric)
{
    int64_t value = sums_metric(&row->sums, metric);
    switch (metric) {
    case METRIC_RISE:
        return bounded(row->rise);
    case METRIC_EXECUTIONS:
        return bounded(row->executions);
    case METRIC_PEAK:
    case METRIC_LIVE:
    case METRIC_LEAKED:
        return value > 0 ? value : 0;
    default:
        return value;
    }
}

int row_order(const struct row *a, const struct row *b, enum metric metric)
{
    int64_t p = row_metric(a, metric), q = row_metric(b, metric);
    if (p != q)
        return p > q ? -1 : 1;
    if (a->sums.allocated != b->sums.allocated)
        return a->sums.allocated > b->sums.allocated ? -1 : 1;
    return 0;
}

bool share_reaches(int64_t part, int64_t whole, double least)
{
    double size = part < 0 ? -(double)part : (double)part;
    if (least <= 0)
        return true;
    return whole > 0 ? 100.0 * size >= least * (double)whole : part != 0;
}

struct sorting {
    const struct row *list;
    enum metric metric;
};

static int index_order(const void *a, const void *b, void *context)
{
    const struct sorting *sorting = context;
    const struct row *x = &sorting->list[*(const uint32_t *)a];
    const struct row *y = &sorting->list[*(const uint32_t *)b];
    int order = row_order(x, y, sorting->metric);
    if (order)
        return order;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

uint32_t *rows_by(const struct rows *rows, enum metric metric, bool (*keep)(const struct row *row),
                  size_t *count)
{
    uint32_t *list = base_alloc(rows->count, sizeof *list);
    *count = 0;
    for (uint32_t i = 0; i < rows->count; i++)
        if (!keep || keep(&rows->list[i]))
            list[(*count)++] = i;
    struct sorting sorting = {rows->list, metric};
    qsort_r(list, *count, sizeof *list, index_order, &sorting);
    return list;
}
