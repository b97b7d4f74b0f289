/* SPDX-License-Identifier: MIT
 *
 * Suppressions in the syntax of LeakSanitizer's files: lines "leak:PATTERN"; # begins a comment. A pattern is looked for anywhere in the
 * name of a function, of its source file or of its module; * stands for anything, ^ and $ for the beginning and the end.
 */
#ifndef RESOLVE_SUPPRESS_H
#define RESOLVE_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "resolve/frames.h"

struct suppression {
    char *pattern;
    const char *file; /* where it stands; the caller's */
    unsigned line;
};
struct suppressions {
    struct suppression *list;
    size_t count, cap;
};

/* Add those of a file. False: it can't be read, or a line of it is none; it was said. suppressions_free in any case. */
bool suppressions_read(struct suppressions *suppressions, const char *file);
void suppressions_free(struct suppressions *suppressions);
/* The first one that matches the function, SIZE_MAX: none. */
size_t suppressions_match(const struct suppressions *suppressions, const struct frames *frames,
                          const struct function *function);
/* Does the pattern match the text (NULL: it does not)? Takes time in proportion to both lengths multiplied, at most. */
bool suppression_matches(const char *pattern, const char *text);

#endif
