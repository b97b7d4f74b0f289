/* SPDX-License-Identifier: MIT */
#include "fold/query.h"

#include <string.h>

#include "base/base.h"
#include "fold/stacks.h"

static const char *const groupings[GROUPINGS] = {
    [BY_LINE] = "line",     [BY_FUNCTION] = "function", [BY_FILE] = "file", [BY_MODULE] = "module",
    [BY_THREAD] = "thread", [BY_CLASS] = "class",       [BY_SITE] = "site", [BY_TREE] = "tree"};

static const struct {
    const char *name;
    bool bytes;
} metrics[METRICS] = {[METRIC_PEAK] = {"peak", true},
                      [METRIC_LIVE] = {"live", true},
                      [METRIC_LEAKED] = {"leaked", true},
                      [METRIC_ALLOCATED] = {"allocated", true},
                      [METRIC_RISE] = {"rise", true},
                      [METRIC_ALLOCATIONS] = {"allocations", false},
                      [METRIC_RELEASED] = {"released", true},
                      [METRIC_RELEASES] = {"releases", false},
                      [METRIC_INCREMENT] = {"increment", true},
                      [METRIC_TEMPORARY] = {"temporary", false},
                      [METRIC_SLACK] = {"slack", true},
                      [METRIC_RESIDENT] = {"resident", true},
                      [METRIC_DISCARDED] = {"discarded", true},
                      [METRIC_USAGE] = {"usage", true},
                      [METRIC_EXECUTIONS] = {"executions", false}};

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

void query_add(const struct query *query, struct sums *to, unsigned class, const struct sums *sums)
{
    if (query_counts(query, class))
        sums_add(to, sums);
    else
        sums_add(to, &(struct sums){.resident = sums->resident,
                                    .readings = sums->readings,
                                    .discarded = sums->discarded,
                                    .discards = sums->discards});
}

bool stacks_know(struct stacks *stacks, enum metric metric)
{
    const struct log_header *h = &stacks->log.header;
    if (metric != METRIC_SLACK || h->slack)
        return true;
    base_say("%s: slack is not known: %s", stacks->log.name,
             !h->finished ? "it is looked at when a program finishes, which this one did not"
                          : "the program's allocator is not glibc's, or an earlier version of "
                            "memtrace wrote the log");
    stacks->absent = true;
    return false;
}
