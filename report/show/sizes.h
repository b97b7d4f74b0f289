/* SPDX-License-Identifier: MIT
 *
 * How large allocations were, by powers of two: bars, and JSON.
 */
#ifndef SHOW_SIZES_H
#define SHOW_SIZES_H

#include <stdio.h>

#include "read/sizes.h"
#include "show/json.h"

/* A line for each power of two from the smallest to the largest that there were, each after `indent`. `allocations`: how many there
 * were; those whose size is not known have a line of their own. */
void sizes_print(const struct sizes *sizes, uint64_t allocations, const char *indent, FILE *out);
/* The member `sizes`: an array of the powers of two that there were. */
void sizes_json(const struct sizes *sizes, struct json *json);

#endif
