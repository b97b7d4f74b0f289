/* SPDX-License-Identifier: MIT
 *
 * Which function a user means. The report matches names in the same way, see its match.c.
 */
#ifndef MT_PYTHON_EXACT_NAMES_H
#define MT_PYTHON_EXACT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `wanted` names the function `name` in `file`: FUNCTION, Class.method, module.function,
 * FILE, FILE:FUNCTION. With `bare`, names are without their class (up to 3.10): then a class in
 * `wanted` is trusted. */
bool mt_python_exact_match(const char *wanted, size_t wanted_bytes, const char *file,
                           size_t file_bytes, const char *name, size_t name_bytes, bool bare);

#endif
