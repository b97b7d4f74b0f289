/* SPDX-License-Identifier: MIT
 *
 * A file that is written: whole, or not at all. It has a name of its own until it is whole, then it takes the place of what was
 * there. What is no regular file, such as a pipe, is written as it is.
 */
#ifndef BASE_TARGET_H
#define BASE_TARGET_H

#include <stdbool.h>
#include <stdio.h>

struct target {
    const char *name; /* the caller's; "-": standard output */
    char *temporary;  /* NULL: written as it is */
    FILE *out;
};

/* `gzip`: what is written is packed, but not to what is no regular file. False after a message. target_close in any case. */
bool target_open(struct target *target, const char *name, bool gzip);
/* `good`: it is whole; else there is no file. False after a message, or if it was not good. What is wrong with standard output says
 * main.c. */
bool target_close(struct target *target, bool good);

/* 0, or the errno of why what was written to the stream did not all get there. For streams that nobody else writes to. */
int target_error(FILE *out);

#endif
