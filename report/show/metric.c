/* SPDX-License-Identifier: MIT */
#include "show/metric.h"

#include <string.h>

static const struct {
    const char *title, *phrase;
} words[METRICS] = {[METRIC_PEAK] = {"At peak", "held at the peak"},
                    [METRIC_LIVE] = {"Live", "live"},
                    [METRIC_LEAKED] = {"Left", "never released"},
                    [METRIC_ALLOCATED] = {"Allocated", "allocated"},
                    [METRIC_RISE] = {"Rise", "risen"},
                    [METRIC_ALLOCATIONS] = {"Allocs", "allocations"},
                    [METRIC_RELEASED] = {"Released", "released"},
                    [METRIC_RELEASES] = {"Releases", "releases"},
                    [METRIC_INCREMENT] = {"Increment", "allocated less released"},
                    [METRIC_TEMPORARY] = {"Temporary", "temporary"},
                    [METRIC_SLACK] = {"Slack", "slack"},
                    [METRIC_RESIDENT] = {"Resident", "grown in the resident set"},
                    [METRIC_DISCARDED] = {"Discarded", "discarded"},
                    [METRIC_USAGE] = {"Mem usage", "in use after the last event"},
                    [METRIC_EXECUTIONS] = {"Count", "executions"}};

char *metric_text(char out[TEXT_SIZE_BYTES], enum metric metric, int64_t value)
{
    if (metric_bytes(metric))
        return text_size(out, value);
    char count[TEXT_COUNT_BYTES];
    snprintf(out, TEXT_SIZE_BYTES, "%s%s", value < 0 ? "-" : "",
             text_count(count, value < 0 ? -(uint64_t)value : (uint64_t)value));
    return out;
}

const char *metric_title(enum metric metric)
{
    return words[metric].title;
}

const char *metric_phrase(enum metric metric)
{
    return words[metric].phrase;
}

const char *metric_phrase_of(enum metric metric, int64_t value)
{
    static const char *const one[METRICS] = {[METRIC_ALLOCATIONS] = "allocation",
                                             [METRIC_RELEASES] = "release",
                                             [METRIC_EXECUTIONS] = "execution"};
    return value == 1 && one[metric] ? one[metric] : metric_phrase(metric);
}

char *share_text(char out[SHARE_BYTES], int64_t part, int64_t whole)
{
    out[0] = 0;
    if (whole > 0)
        snprintf(out, SHARE_BYTES, "%.1f %%", 100.0 * (double)part / (double)whole);
    return out;
}
