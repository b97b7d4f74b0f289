/* SPDX-License-Identifier: MIT
 *
 * CPython's three forms of a code object's line table.
 */
#ifndef MT_PYTHON_LINES_H
#define MT_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "python_layout.h"

/* The line of the instruction at `offset` (bytes from the first instruction), or -1 where it has
 * none. A negative offset, of a frame that has not begun, gives `first_line`. Pure; reads
 * table[0..bytes) only. Linear in `bytes`. */
int mt_python_line(enum mt_python_lines form, const uint8_t *table, size_t bytes, int first_line,
                   int64_t offset);

#endif
