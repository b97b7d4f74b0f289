/* SPDX-License-Identifier: MIT
 *
 * The live screen: follows a running process's log, or browses a finished one. It only reads the log.
 */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "top/reading.h"

/* On standard output, a terminal. The exit status, after a message unless it is STATUS_DONE. */
int top_screen(const char *file, const struct top_options *options);
/* One screen of it as text on standard output, as wide as the terminal (else COLUMNS, else 80) and LINES (else 24) high. */
int top_once(const char *file, const struct top_options *options);

#endif
