/* SPDX-License-Identifier: MIT
 *
 * Exact lines: the executions that a log counted for the functions that its user named.
 */
#ifndef EXACT_H
#define EXACT_H

#include "read/node.h"
#include "resolve/frames.h"

/* One line of a code record, or (call) the calls of it, which stand at its first line. */
struct exact_line {
    uint32_t place;
    bool call;
    struct log_line counted;
};
struct exact {
    struct exact_line *list;
    size_t count, cap;
};

/* The lines that were executed in these periods. Each has a place in `frames`, which is made if there is none: so call this before
 * places are counted. exact_free afterwards. */
void exact_make(struct exact *exact, struct frames *frames, struct periods periods);
void exact_free(struct exact *exact);

#endif
