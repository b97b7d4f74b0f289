/* SPDX-License-Identifier: MIT
 *
 * A progress bar on standard error. Nothing is shown when standard error is not a terminal or one that is dumb ($TERM), or in the first second.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *what;
    char of[32]; /* what it is at just now: a file's name; "" if there is none */
    size_t total, done;
    uint64_t start, shown; /* ns */
    bool terminal;
};

/* Begin: `what` is being done, in `total` steps. `what` stays the caller's. */
void progress_start(struct progress *progress, const char *what, size_t total);
/* Go on with the file at `path`. */
void progress_of(struct progress *progress, const char *path);
/* Cheap enough for each step. */
void progress_at(struct progress *progress, size_t done);
void progress_end(struct progress *progress);

#endif
