/* SPDX-License-Identifier: MIT
 *
 * Several logs as one.
 *
 *     struct merge merge = {0};
 *     for each log: merge_log(&merge, name);
 *     merge_end(&merge);
 *     draft_put(&merge.draft, out);
 *     merge_free(&merge);
 *
 * One log is open at a time, so memory is that of the largest of them and of all different stacks. Modules are known by their
 * build-ids, or without one by their paths; native code by its offset there, Python code by file, function and line, threads by their
 * names; periods are not told apart. All figures are sums. The peak is that of the processes' peaks, and what was held at the peak of
 * what each held at its own. Rises are the highest of the processes'; levels at a line are not kept.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include "read/draft.h"

/* Begins zeroed. */
struct merge {
    struct draft draft;
    size_t logs;          /* that were added */
    bool damaged;         /* something could not be read; it was said */
    size_t periods;       /* logs whose peak was before their last period */
    size_t unsized;       /* without sizes */
    size_t unheld;        /* without the number of blocks at the peak */
    uint64_t end;         /* the last one, since 1970 */
    struct once untraced; /* the path of the first program without the library */
};

/* Adds a log. False: it can't be read; it was said. */
bool merge_log(struct merge *merge, const char *name);
/* After the last one. */
void merge_end(struct merge *merge);
void merge_free(struct merge *merge);

#endif
