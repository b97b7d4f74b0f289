/* SPDX-License-Identifier: MIT
 *
 * One reading of a log for the live screen: its rows by one key and one figure, which are the same rows from reading to reading.
 */
#ifndef TOP_READING_H
#define TOP_READING_H

#include "fold/rows.h"
#include "fold/stacks.h"
#include "resolve/source.h"

enum top_view {
    TOP_LINES,
    TOP_FUNCTIONS,
    TOP_SITES,
    TOP_THREADS,
    TOP_MODULES,
    TOP_TREE,
    TOP_VIEWS
};

/* "lines", "functions", ... */
const char *top_view_name(enum top_view view);

/* What is to be shown. */
struct top_ask {
    enum top_view view;
    enum metric metric;
    bool
        inclusive; /* lines, functions, modules: with all that they call. Else each byte counts in one row, and rows add up */
    bool all;      /* libraries' rows, too, not only your own code's */
};

/* How the screen begins. */
struct top_options {
    struct top_ask ask;
    double interval; /* seconds between readings, at least */
};

/* In place of a row's index: what no row of your own code explains; what has no call site, for want of space in the log. */
#define TOP_REST    UINT32_MAX
#define TOP_UNKNOWN (UINT32_MAX - 1)

struct top_item {
    uint64_t id;  /* of the names: the same in each reading */
    uint32_t row; /* in rows.list; TOP_REST; TOP_UNKNOWN */
    int64_t figure;
    uint64_t allocations;
};

struct top_reading {
    const char *file;
    bool there; /* there is something to show; else only top_close may be called */
    struct stacks stacks;
    struct sources sources;
    struct top_ask ask;
    struct rows rows;
    struct top_item *items; /* rows that have the figure or, in the tree, all; the highest first */
    size_t count;
    int64_t total;            /* of the process */
    uint64_t at, took;        /* CLOCK_MONOTONIC and how long reading took, ns */
    struct children children; /* TOP_TREE: of the entries, the highest first */
};

/* Read the log. Says on standard error what is wrong with it. False: nothing can be shown. `file` must outlive it. top_close in any
 * case. */
bool top_read(struct top_reading *reading, const char *file);
/* Make its rows; again for another ask. */
void top_fold(struct top_reading *reading, const struct top_ask *ask);
void top_close(struct top_reading *reading);

/* Is it one of the list, not TOP_REST or TOP_UNKNOWN? */
static inline bool top_listed(const struct top_item *item)
{
    return item->row < TOP_UNKNOWN;
}
const struct row *top_row(const struct top_reading *reading, const struct top_item *item);
/* What a row is called. Foreign text, to be freed. */
char *top_name(const struct top_reading *reading, const struct top_item *item);
/* The line of source that the row is, without blanks in front; NULL: it is none, or not known. To be freed. */
char *top_source(struct top_reading *reading, const struct top_item *item);
/* The place of a row: its line, or that of its call; UINT32_MAX: it is none. */
uint32_t top_place(const struct top_reading *reading, const struct top_item *item);

#endif
