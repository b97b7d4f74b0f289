/* SPDX-License-Identifier: MIT
 *
 * Aligned text tables: numbers to the right, the last column free.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "show/terminal.h"

struct table_column {
    const char *title;
    size_t least; /* width, at least the title's */
};

struct table_row {
    enum style style;
    size_t first; /* of its cells in `cells` */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells;
    size_t cell_count, cell_cap;
    struct table_row *rows;
    size_t row_count, row_cap;
    /* For each column, which ones are left out where the width does not do: the highest first, 0 never. NULL: none is. */
    const unsigned char *spare;
    bool names; /* the last column has names of name.h, which are shortened as such (fit.h) */
};

/* `columns` stay the caller's. */
void table_start(struct table *table, const struct table_column *columns, size_t count);
/* Begin a row; cells not given stay blank. */
void table_row(struct table *table, enum style style);
/* Has one of the columns this title? */
bool table_titled(const struct table_column *columns, size_t count, const char *title);
/* The next cell. Foreign text is allowed: it is made harmless when printed. NULL: blank. */
void table_cell(struct table *table, const char *text);
void table_cell_count(struct table *table, uint64_t value);
/* Bytes, as text_size has them. */
void table_cell_size(struct table *table, int64_t bytes);
/* A rise, in bytes; `most`: as row.rise_most, then "≥ 7.63 MiB". */
void table_cell_rise(struct table *table, uint64_t rise, uint64_t most);
/* Print with the titles and free. No line ends in blanks. The last column is cut at `width` columns
 * of the whole line, but never to less than 20. Returns a bit, 1u << column, for each that was left out. */
unsigned table_finish(struct table *table, FILE *out, size_t width);

/* "Left out, as the terminal is narrow: A, B.": the bits that table_finish returned; nothing if there are none. */
void table_left_out(const struct table_column *columns, size_t count, unsigned hidden, FILE *out);

/* memory_profiler's way: `bytes` in MiB with `precision` decimals and the unit; never "-0.000". Returns out. */
#define TABLE_MIB_BYTES 48
char *table_mib(char out[TABLE_MIB_BYTES], int64_t bytes, int precision);

#endif
