/* SPDX-License-Identifier: MIT
 *
 * The logs that a verb was given, one or a family.
 */
#ifndef VERBS_LOGS_H
#define VERBS_LOGS_H

#include "fold/family.h"
#include "fold/joined.h"
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

/* In place of each folder the logs in it (*.mt), by name. A file that is there already is left out, with a message. False after a
 * message: there is none, or it can't be read. */
bool logs_expand(struct options *options);
/* Says on standard error which of several logs an earlier run left, as report does. */
void logs_say_earlier(char *const *logs, size_t count);
/* Calls `show` for each log, or for those of --process; it returns an exit status, and writes one JSON value where json is set. Of
 * several logs the tree of the processes comes first, as text, or all are one JSON array. `headings`: a line with the process
 * stands above each. The highest of the exit statuses; STATUS_NO where there is no such process. */
int logs_each(const struct options *options, bool headings,
              int (*show)(const struct log_shown *shown));

/* All of them as one: the stacks of a family's processes together. */
struct together {
    struct family family;
    struct joined joined;
    char **notes; /* of each process, with its number in front */
    size_t note_count, note_cap;
    int status; /* stacks_several_status */
};

/* Are the logs to be shown as one? Else each by itself: logs_each. */
bool together_asked(const struct options *options);
/* Rises of several processes don't add up: says so, if they are asked for. */
bool together_refuses(const struct options *options, const char *verb);
/* Reads them all; those that can't be read are said and left out. As text it prints the tree of the processes. together_close in any
 * case. */
void together_open(struct together *together, const struct options *options);
void together_close(struct together *together);

/* `held`: the figures are those of the processes' peaks. */
void together_print_notes(const struct together *together, bool held);
/* Opens the object, with its schema, `processes` and `notes`. */
void together_json_begin(const struct together *together, const char *schema, struct json *json);
/* The member `processes` alone: of each pid and family. */
void together_json_processes(const struct family *family, struct json *json);

#endif
