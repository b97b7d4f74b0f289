/* SPDX-License-Identifier: MIT
 *
 * Rows by any key, inclusive beside own: report --by.
 */
#ifndef SHOW_BY_H
#define SHOW_BY_H

#include "fold/query.h"
#include "fold/rows.h"
#include "fold/stacks.h"
#include "show/json.h"

/* What is asked for. */
struct by {
    enum grouping by; /* none with a tree */
    enum metric metric;
    bool own;       /* ranked by own figures, else by inclusive ones */
    enum rank rank; /* the worst that counts as own code, and whose rows are shown */
    struct filter filter;
    size_t top;       /* rows; SIZE_MAX: all */
    double min_share; /* per cent */
};

/* A table, with a blank line at the end. */
void by_print(const struct stacks *stacks, const struct by *by, FILE *out);
/* The members of the open object: by, metric, total, rows, others, rest. */
void by_json(const struct stacks *stacks, const struct by *by, struct json *json);

/* For several of one filter, whose rows are to be made by one walk. Inclusive and own: */
#define BY_QUERIES 2
void by_queries(const struct by *by, struct query queries[BY_QUERIES]);
/* As by_json, of the rows of these queries, which stay the caller's, and the whole that they are parts of (fold_whole). */
void by_json_of(const struct stacks *stacks, const struct by *by,
                const struct rows rows[BY_QUERIES], const struct row *whole, struct json *json);

#endif
