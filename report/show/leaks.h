/* SPDX-License-Identifier: MIT */
#ifndef SHOW_LEAKS_H
#define SHOW_LEAKS_H

#include <stdio.h>

#include "fold/leaks.h"
#include "show/json.h"

struct leaks_shown {
    size_t top;       /* of each list, SIZE_MAX: all */
    double min_share; /* per cent of what leaked */
    bool all;         /* frames of libraries, too */
};

/* What grew, what was there since the start, and what was left out. */
void leaks_print(const struct stacks *stacks, const struct leaks *leaks,
                 const struct suppressions *suppressions, const struct leaks_shown *shown,
                 FILE *out);
/* Members of the open object. */
void leaks_json(const struct stacks *stacks, const struct leaks *leaks,
                const struct suppressions *suppressions, const struct leaks_shown *shown,
                struct json *json);

#endif
