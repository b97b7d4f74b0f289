/* SPDX-License-Identifier: MIT
 *
 * Rows of any grouping and metric. A new view is a query and a way to show its rows:
 *
 *     struct query query = {.by = BY_FUNCTION, .metrics = 1u << METRIC_PEAK};
 *     struct rows rows;
 *     fold(&stacks, &query, &rows);
 *     uint32_t *list = rows_by(&rows, METRIC_PEAK, row_acted, &count);
 *
 * What happened under a key counts for it once, however often the key stands on the stack: only the outermost occurrence of a
 * key on a path takes the figures of what is inside of it.
 */
#ifndef FOLD_FOLD_H
#define FOLD_FOLD_H

#include "fold/query.h"
#include "fold/rows.h"
#include "fold/stacks.h"

/* Linear in the number of nodes, but for METRIC_RISE. rows_free afterwards. */
void fold(const struct stacks *stacks, const struct query *query, struct rows *rows);
/* What all the stacks that a filter takes come to, with what no stack is known of; without rise and executions. */
struct row fold_whole(const struct stacks *stacks, const struct filter *filter);
/* Several at once, of the same filter: rows[i] of queries[i]. What is by line, function, file or module takes one walk together; of those that
 * want rises one at most is not by line. */
void fold_several(const struct stacks *stacks, const struct query *queries, struct rows *rows,
                  size_t count);

/* Rows by line and by function of these stacks, with these metrics; a function's rise fits those of its lines. */
void fold_lines(const struct stacks *stacks, unsigned metrics, const struct filter *filter,
                struct rows *lines, struct rows *functions);

#endif
