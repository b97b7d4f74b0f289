/* SPDX-License-Identifier: MIT
 *
 * Rows of a flat table, as CSV (RFC 4180; empty: null) or as one JSON object a line. Texts must have no control characters, as a
 * profile's have none, so that a row is a line.
 */
#ifndef EXPORT_CELLS_H
#define EXPORT_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cells {
    FILE *out;
    bool csv;
    const char *const *columns; /* their names; NULL behind the last */
    unsigned column;            /* the next one */
};
/* The head of a CSV file. */
void cells_head(struct cells *cells);
/* The next cell of the row; the last one ends it. NULL: null. */
void cells_text(struct cells *cells, const char *text);
void cells_signed(struct cells *cells, int64_t value);
void cells_unsigned(struct cells *cells, uint64_t value);
void cells_bool(struct cells *cells, bool value);
void cells_null(struct cells *cells);
/* A list of texts: in CSV with `between` between them, which they don't have themselves. */
void cells_list(struct cells *cells, char *const *list, size_t count, char between);

#endif
