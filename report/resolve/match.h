/* SPDX-License-Identifier: MIT
 *
 * What a person means by -f.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>

/* Is the function `name` in `file` (either may be NULL) what `wanted` asks for? `wanted` is
 * FUNCTION, MODULE.FUNCTION, FILE or FILE:FUNCTION. A function is asked for by its whole name, by the last parts of
 * it ("Class.method", "ns::f") and without its parameters; a file by its whole path or the last
 * parts of it. */
bool match_function(const char *wanted, const char *file, const char *name);

#endif
