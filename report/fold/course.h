/* SPDX-License-Identifier: MIT
 *
 * The levels and resident sets of several processes over time as one: what they held together.
 *
 * Each log has samples of its own instants. At each of them the others count with what they had at their last sample, and a process
 * that has not begun or has ended with nothing. So the sum is exact where the others stood still, and else off by what they did
 * between two samples. Before its first sample a process counts with what it has there if that is
 * less than 1 MiB, else with nothing.
 */
#ifndef FOLD_COURSE_H
#define FOLD_COURSE_H

#include "read/log.h"

struct course_part {
    struct log
        log; /* times since the first log's start; a sample stands at its beginning, and one of 0 at its end */
    const char *file;
    uint64_t start; /* since 1970 */
    uint64_t end;   /* since the log's start */
};

/* Begins zeroed; course_free in any case. */
struct course {
    struct log
        all; /* after course_end: samples, marks, peak, peak_time and end_time, and no more */
    struct course_part *parts;
    size_t count, cap;
    char **names; /* of the marks: with the process in front */
    size_t name_count, name_cap;
};

/* Adds a process; its log may be closed then. */
void course_add(struct course *course, const struct log *log);
/* Linear in the number of samples but for a sort. */
void course_end(struct course *course);
void course_free(struct course *course);

#endif
