/* SPDX-License-Identifier: MIT
 *
 * The logs that a verb was given, one or a family.
 */
#ifndef VERBS_LOGS_H
#define VERBS_LOGS_H

#include "fold/family.h"
#include "fold/stacks.h"
#include "show/json.h"
#include "verbs/options.h"

/* One of them, to be shown. */
struct log_shown {
    const char *file;
    const struct options *options;
    struct json *json;           /* open to a value; NULL: as text */
    const struct family *family; /* NULL: it is the only one */
    size_t index;                /* of it in the family */
};

/* In place of each folder the logs in it (*.mt), by name. False after a message: there is none, or it can't be read. */
bool logs_expand(struct options *options);
/* Calls `show` for each log, or for those of --process; it returns an exit status, and writes one JSON value where json is set. Of
 * several logs the tree of the processes comes first, as text, or all are one JSON array. `headings`: a line with the process
 * stands above each. The highest of the exit statuses; STATUS_NO where there is no such process. */
int logs_each(const struct options *options, bool headings,
              int (*show)(const struct log_shown *shown));

/* The tree of the processes, as text, and each log that can be read, one after the other, as stacks, to `take`. The highest of
 * stacks_status. */
int logs_whole(const struct options *options, const struct family *family,
               void (*take)(const struct stacks *stacks, void *context), void *context);

#endif
