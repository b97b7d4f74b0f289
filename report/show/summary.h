/* SPDX-License-Identifier: MIT
 *
 * The summary of one process: what ran, how it ended, its totals, and what is missing from them.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdio.h>

#include "fold/rows.h"
#include "fold/stacks.h"
#include "show/json.h"

/* The text of it, with a blank line at the end. `lines`: as for notes_print. */
void summary_print(const struct stacks *stacks, const struct rows *lines, FILE *out);
/* What a block is that nobody has released: "left after all destructors", or, where these have not run, "live now", "live when it was
 * killed, or ended by _exit" or the like. */
const char *summary_left(const struct stacks *stacks);
/* Members of the JSON object that is open: program ... classes, notes. */
void summary_json(const struct stacks *stacks, const struct rows *lines, struct json *json);

#endif
