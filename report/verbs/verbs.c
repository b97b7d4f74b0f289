/* SPDX-License-Identifier: MIT */
#include "verbs/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
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

bool verb_search(const char *folder)
{
    if (find_search(folder))
        return true;
    if (errno == ENOSPC)
        base_say("--search: at most 16 folders");
    else
        base_say("--search %s: %s", folder, strerror(errno));
    return false;
}

bool verb_periods(const char *text, struct periods *periods)
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
