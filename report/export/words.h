/* SPDX-License-Identifier: MIT
 *
 * Names of frames, as text formats want them.
 */
#ifndef EXPORT_WORDS_H
#define EXPORT_WORDS_H

#include <stdio.h>

#include "export/profile.h"

/* A text in quotes. It must be one of a profile's, which have no control characters. */
void words_json(FILE *out, const char *text);
/* "function (file.c:12)", with the last component of the file's path, of the location's first line. Of what has no file "function".
 * To be freed. */
char *words_short(const struct profile *profile, const struct profile_location *location);
/* "0x401136: function (file.c:12)" or "... (in /path/libx.so)", as valgrind's tools have it. To be freed. */
char *words_valgrind(const struct profile *profile, const struct profile_location *location);
/* A node's stack, outermost first, into list[0..*cap), which grows: locations' numbers. How many. */
size_t words_stack(const struct profile *profile, uint32_t node, uint32_t **list, size_t *cap);

#endif
