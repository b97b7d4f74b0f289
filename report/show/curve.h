/* SPDX-License-Identifier: MIT
 *
 * The level or the resident set over time as characters.
 */
#ifndef SHOW_CURVE_H
#define SHOW_CURVE_H

#include "read/log.h"

/* By column of the screen: the highest value in its time. */
struct curve {
    uint64_t *value;
    size_t width;
    uint64_t most;
};

enum curve_of { CURVE_LEVEL, CURVE_RESIDENT };

/* The whole time of the log in `width` columns, at least 1. curve_free afterwards. */
struct curve curve_make(const struct log *log, size_t width, enum curve_of what);
void curve_free(struct curve *curve);
/* The column of an instant, of a curve of a log that goes until `end`. */
size_t curve_column(const struct curve *curve, uint64_t time, uint64_t end);
/* One cell of the picture, `row` from the bottom of `rows`, in UTF-8: eighths of a block, or thirds where standard output has none. */
const char *curve_cell(const struct curve *curve, size_t column, unsigned row, unsigned rows);

#endif
