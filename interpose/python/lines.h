/* SPDX-License-Identifier: MIT
 *
 * CPython's three forms of a code object's line table. All functions: any thread, at any time; they
 * allocate nothing and call nothing.
 */
#ifndef MT_PYTHON_LINES_H
#define MT_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "python/layout.h"

/* How far the last search of a table came: to the entry at `at`, whose instructions begin at `end`.
 * All zero: nowhere yet. */
struct mt_python_mark {
    size_t at;
    int64_t end;
    int line;
};

/* The line of the instruction at `offset` (bytes from the first instruction), or -1 where it has
 * none. A negative offset, that of a frame that has not begun, gives `first_line`. Reads
 * table[0..bytes) only. Takes time linear in `bytes`. From 3.11 on a search with `mark` (of this
 * table, or NULL) starts where the last one stopped, if that is not behind `offset`. */
int mt_python_line(enum mt_python_lines form, const uint8_t *table, size_t bytes, int first_line,
                   int64_t offset, struct mt_python_mark *mark);

/* The last line of the table, or `first_line` if that is greater. Takes time linear in `bytes`. */
int mt_python_line_last(enum mt_python_lines form, const uint8_t *table, size_t bytes,
                        int first_line);

#endif
