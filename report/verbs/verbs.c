/* SPDX-License-Identifier: MIT */
#include "verbs/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

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
