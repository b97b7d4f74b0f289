/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "verbs/options.h"

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

double options_min_share(const struct options *options, double usual)
{
    return options->min_share >= 0 ? options->min_share : options->all ? 0 : usual;
}

enum metric options_metric(const struct options *options, enum metric usual)
{
    return options->metric == METRICS ? usual : options->metric;
}

size_t options_top(const struct options *options, size_t usual)
{
    size_t top = options->top == OPTION_UNSET ? usual : options->top;
    return top ? top : SIZE_MAX;
}
