/* SPDX-License-Identifier: MIT
 *
 * What the tool sees of the world when a fuzzer drives it: world.c stands in for report/base/file.c and
 * report/symbols/symbols_dw.c, so that no file is opened, and for a few functions of the C library. What a log may
 * name is there in small: source files with Python and C in them, modules with inlined calls.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>

#define WORLD_LOG "log" /* name of the file that holds the log */

/* The log from now on. */
void world_set_log(const unsigned char *file, size_t bytes);

/* Between these two the world is as described. Returns the most memory that the tool held at one time. */
void world_begin(void);
size_t world_end(void);

#endif
