/* SPDX-License-Identifier: MIT
 *
 * The level over time as a row of characters.
 */
#ifndef TOP_CURVE_H
#define TOP_CURVE_H

#include "read/log.h"

struct curve {
    uint64_t *level; /* the highest in each column */
    size_t count;
    uint64_t most;
};

/* The process's level from its first sample to its last one, in `columns` columns. */
void curve_make(struct curve *curve, const struct log *log, size_t columns);
void curve_free(struct curve *curve);
/* The character of a column, in UTF-8, in row `row` from below of `rows`: eighths, or where the terminal has none, thirds. */
const char *curve_cell(const struct curve *curve, size_t column, size_t row, size_t rows);

#endif
