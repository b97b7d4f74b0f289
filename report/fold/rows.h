/* SPDX-License-Identifier: MIT
 *
 * Rows: what each key of a query comes to.
 */
#ifndef FOLD_ROWS_H
#define FOLD_ROWS_H

#include "fold/query.h"
#include "fold/tree.h"

struct row {
    struct sums
        sums; /* over all threads; live_peak is an upper bound. BY_SITE, BY_TREE: without last and level */
    uint64_t rise;       /* bytes; a lower bound where ... */
    uint64_t rise_most;  /* ... this is not 0: it rose by that at most */
    uint64_t executions; /* where exact */
    uint32_t key;        /* see enum grouping */
    uint8_t class;       /* BY_SITE: of its blocks */
    bool exact;          /* executions are counted */
    bool riseless;       /* the query did not want rises, or they are not known */
    bool releaseless;    /* who released memory is not known, nor is the increment */
};

/* Most groupings have a row for each key that there could be, list[key], even without figures. BY_SITE has a row for each stack
 * and class with figures, in the order of the log. */
struct rows {
    enum grouping by;
    struct row *list;
    uint32_t count;
    struct row rest;    /* own figures of stacks that have no frame of the rank asked for */
    struct row unknown; /* likewise of what no stack is known of, for want of space in the log */
    struct tree tree;   /* BY_SITE and BY_TREE: entries, whose keys are places */
};
void rows_free(struct rows *rows);

/* Allocated, released or discarded something. */
bool row_acted(const struct row *row);
/* Has anything that tables show. */
bool row_shows(const struct row *row);
/* A figure. What is held and live is at least 0, whatever a damaged log says. */
int64_t row_metric(const struct row *row, enum metric metric);
/* The same of sums: of those that sums know, and without a bound. */
int64_t sums_metric(const struct sums *sums, enum metric metric);
/* For sorting: less than 0 when `a` comes first. By the metric, the highest first; then by what was allocated. 0: they are equal. */
int row_order(const struct row *a, const struct row *b, enum metric metric);
/* Is a part at least `least` per cent of the whole? Where there is no whole: is it anything? */
bool share_reaches(int64_t part, int64_t whole, double least);
/* Less than this, in per cent, is printed as 0.0 %. */
#define SHARE_SHOWN 0.05
/* Indices of the rows that `keep` wants (NULL: all), the highest by the metric first, equal ones by key and class. Their number
 * in *count. To be freed. */
uint32_t *rows_by(const struct rows *rows, enum metric metric, bool (*keep)(const struct row *row),
                  size_t *count);

#endif
