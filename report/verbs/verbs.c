/* SPDX-License-Identifier: MIT */
#include "verbs/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "read/log.h"
#include "resolve/frames.h"
#include "symbols/find.h"

int verb_usage(const char *verb)
{
    fprintf(stderr, "Try 'memtrace %s --help'.\n", verb);
    return STATUS_BAD;
}

long verb_number(const char *option, const char *text, long most)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (!errno && end != text && !*end && value >= 0 && value <= most)
        return value;
    base_say("%s takes a number from 0 to %ld, not '%s'", option, most, text);
    return -1;
}

enum metric verb_sort(const char *verb, const char *text, bool sites)
{
    static const struct {
        const char *title;
        enum metric metric;
    } titles[] = {{"at-peak", METRIC_PEAK},
                  {"left", METRIC_LEAKED},
                  {"allocs", METRIC_ALLOCATIONS},
                  {"mem-usage", METRIC_USAGE},
                  {"count", METRIC_EXECUTIONS}};
    enum metric metric = metric_named(text);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (!strcmp(titles[i].title, text))
            metric = titles[i].metric;
    if (sites &&
        (metric == METRIC_DISCARDED || metric == METRIC_USAGE || metric == METRIC_EXECUTIONS))
        metric = METRICS;
    if (metric == METRICS)
        base_say("%s: --sort takes rise, peak, live, leaked, increment, allocated, allocations, "
                 "released, releases%s, not '%s'",
                 verb, sites ? " or resident" : ", resident, discarded, usage or executions", text);
    return metric;
}

static bool search(const char *folder)
{
    if (find_search(folder))
        return true;
    if (errno == ENOSPC)
        base_say("--search: at most 16 folders");
    else
        base_say("--search %s: %s", folder, strerror(errno));
    return false;
}

static bool read_periods(const char *text, struct periods *periods)
{
    int used = 0, count = sscanf(text, "%9" SCNu32 "%n-%9" SCNu32 "%n", &periods->first, &used,
                                 &periods->last, &used);
    if (count == 1)
        periods->last = periods->first;
    if (count >= 1 && !text[used] && text[0] != ' ' && periods->first <= periods->last)
        return true;
    base_say("--period takes a number, or FIRST-LAST, not '%s'", text);
    return false;
}

static bool read_classes(const char *text, unsigned *classes)
{
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        unsigned c = 0;
        while (c < CLASSES &&
               (strlen(class_name(c)) != length || strncmp(class_name(c), at, length) != 0))
            c++;
        if (c == CLASSES) {
            base_say("--class takes heap, anonymous, shared, file and reserved, or several of them "
                     "with commas between, not '%s'",
                     text);
            return false;
        }
        *classes |= 1u << c;
        at += length;
        if (!*at)
            return true;
    }
}

int verb_log_option(const char *verb, int option, const char *argument, struct log_options *options)
{
    bool good = true;
    switch (option) {
    case 'a':
        options->all = true;
        break;
    case 'J':
        options->json = true;
        break;
    case 'P':
        good = read_periods(argument, &options->periods);
        break;
    case 'U':
        options->under = argument;
        break;
    case 'C':
        good = read_classes(argument, &options->classes);
        break;
    case 'S':
        good = search(argument);
        break;
    case 'B':
        text_sizes_exact();
        break;
    case 'H':
        frames_shims = true;
        break;
    default:
        return verb_usage(verb);
    }
    return good ? STATUS_DONE : STATUS_BAD;
}
