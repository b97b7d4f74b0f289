/* SPDX-License-Identifier: MIT */
#include "fold/query.h"

#include <string.h>

static const char *const groupings[GROUPINGS] = {
    [BY_LINE] = "line",     [BY_FUNCTION] = "function", [BY_FILE] = "file", [BY_MODULE] = "module",
    [BY_THREAD] = "thread", [BY_CLASS] = "class",       [BY_SITE] = "site", [BY_TREE] = "tree"};

static const struct {
    const char *name;
    bool bytes;
} metrics[METRICS] = {
    [METRIC_PEAK] = {"peak", true},           [METRIC_LIVE] = {"live", true},
    [METRIC_LEAKED] = {"leaked", true},       [METRIC_ALLOCATED] = {"allocated", true},
    [METRIC_RISE] = {"rise", true},           [METRIC_ALLOCATIONS] = {"allocations", false},
    [METRIC_RELEASED] = {"released", true},   [METRIC_RELEASES] = {"releases", false},
    [METRIC_INCREMENT] = {"increment", true}, [METRIC_TEMPORARY] = {"temporary", false},
    [METRIC_RESIDENT] = {"resident", true},   [METRIC_DISCARDED] = {"discarded", true},
    [METRIC_USAGE] = {"usage", true},         [METRIC_EXECUTIONS] = {"executions", false}};

enum grouping grouping_named(const char *name)
{
    unsigned i = 0;
    while (i < GROUPINGS && strcmp(groupings[i], name) != 0)
        i++;
    return (enum grouping)i;
}

enum metric metric_named(const char *name)
{
    unsigned i = 0;
    while (i < METRICS && strcmp(metrics[i].name, name) != 0)
        i++;
    return (enum metric)i;
}

const char *grouping_name(enum grouping grouping)
{
    return groupings[grouping];
}

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
}

bool metric_adds(enum metric metric)
{
    return metric != METRIC_RISE && metric != METRIC_USAGE;
}

bool metric_bytes(enum metric metric)
{
    return metrics[metric].bytes;
}
