/* SPDX-License-Identifier: MIT
 *
 * Earlier readings' figures, for what has changed since.
 */
#ifndef TOP_HISTORY_H
#define TOP_HISTORY_H

#include "top/reading.h"

/* How far back a change is looked at, ns. */
#define TOP_BACK 10000000000u
#define TOP_KEPT 16u

struct top_then {
    uint64_t id;
    int64_t figure;
    uint64_t allocations;
};
struct top_past {
    uint64_t at;           /* CLOCK_MONOTONIC, ns */
    struct top_then *list; /* by id */
    size_t count;
};
struct top_history {
    struct top_past past[TOP_KEPT]; /* the oldest first; the last one is the present reading */
    size_t count;
    bool fixed; /* past[0] is what everything is compared with, however old */
};

/* Add a reading's rows. */
void history_add(struct top_history *history, const struct top_reading *reading);
/* From now on changes are those since the present reading. */
void history_fix(struct top_history *history);
/* Forget all: other rows, or another figure. */
void history_clear(struct top_history *history);

/* What a row's figure changed by. False: there is nothing to compare with. */
bool history_change(const struct top_history *history, const struct top_item *item,
                    int64_t *change);
/* Allocations a second since the reading before. False: there is none. */
bool history_rate(const struct top_history *history, const struct top_item *item, double *rate);
/* How old what it is compared with is, ns; 0: there is nothing. */
uint64_t history_age(const struct top_history *history);

#endif
