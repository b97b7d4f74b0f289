/* SPDX-License-Identifier: MIT */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>

/* Looks at the environment's MEMTRACE_... variables, which the library would take the defaults for without a word. False after a message:
 * one has a value that makes no sense. A name that is not known is said, unless MEMTRACE_QUIET is set. */
bool settings_check(void);

/* Is it a size as the library reads it? Other than amount_size it has no point and no "B". */
bool settings_is_size(const char *text);
#define SETTINGS_SIZE "a size such as 65536, 500K, 64M or 2G"

/* POSIX leaves it to the program to declare this; macOS has it in no header. */
extern char **environ;

#endif
