/* SPDX-License-Identifier: MIT
 *
 * Notes: what the figures of a view lack, or can't be sure of, with its amount.
 */
#ifndef SHOW_NOTES_H
#define SHOW_NOTES_H

#include <stdio.h>

#include "fold/rows.h"
#include "fold/stacks.h"
#include "show/json.h"

/* The notes on these stacks, each a line: "note: ..." after `indent`. `lines`: rows by line that are shown, with rises; NULL: there
 * are none. Returns their number. */
size_t notes_print(const struct stacks *stacks, const struct rows *lines, const char *indent,
                   FILE *out);
/* The same as texts, to be freed as the list is; *count of them. */
char **notes_list(const struct stacks *stacks, const struct rows *lines, size_t *count);
/* The same of one of several logs, without its lines: each note says of which. */
char **notes_list_of(const struct stacks *stacks, size_t *count);
/* The member "notes". */
void notes_json(const struct stacks *stacks, const struct rows *lines, struct json *json);

#endif
