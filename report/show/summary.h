/* SPDX-License-Identifier: MIT
 *
 * The summary of one process: what ran, how it ended, its totals, and what is missing from them.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdio.h>

#include "show/view.h"

void summary_print(const struct view *view, FILE *out);
/* Members of the JSON object that is open: program ... classes, notes. */
void summary_json(const struct view *view, struct json *json);

#endif
