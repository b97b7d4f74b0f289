/* SPDX-License-Identifier: MIT
 *
 * Rows by any key, inclusive beside own: report --by.
 */
#ifndef SHOW_BY_H
#define SHOW_BY_H

#include "fold/query.h"
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

#endif
