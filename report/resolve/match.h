/* SPDX-License-Identifier: MIT
 *
 * What a person means by -f, and globs.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>

/* Is the function `name` in `file` (either may be NULL) what `wanted` asks for? `wanted` is
 * FUNCTION, MODULE.FUNCTION, FILE or FILE:FUNCTION. A function is asked for by its whole name, by the last parts of
 * it ("Class.method", "ns::f") and without its parameters; a file by its whole path or the last
 * parts of it. */
bool match_function(const char *wanted, const char *file, const char *name);

/* Does a function's name (NULL: it has none), whole or without its parameters, match a glob? */
bool match_name_glob(const char *glob, const char *name);
/* Does a path (NULL or "": there is none), whole or its last component, match a glob? */
bool match_path_glob(const char *glob, const char *path);

#endif
