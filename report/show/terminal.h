/* SPDX-License-Identifier: MIT
 *
 * What standard output is: a terminal's width and colours.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum style { STYLE_NONE, STYLE_TITLE, STYLE_HOT, STYLE_FAINT, STYLE_PYTHON, STYLE_NATIVE };

/* Columns to cut lines at: the terminal's, SIZE_MAX when standard output is none (what a program
 * reads is never cut). */
size_t terminal_cut(void);
/* Columns to lay out for: the terminal's, or COLUMNS, or 80. */
size_t terminal_width(void);
/* The escape sequences round styled text: empty without a terminal, with TERM=dumb or when NO_COLOR
 * is set. */
const char *terminal_on(enum style style);
const char *terminal_off(enum style style);

#endif
