/* SPDX-License-Identifier: MIT
 *
 * The level and the resident set over time.
 */
#ifndef SHOW_TIMELINE_H
#define SHOW_TIMELINE_H

#include <stdio.h>

#include "fold/course.h"
#include "read/log.h"
#include "show/json.h"

/* Two curves as wide as the terminal, with marks below, and a table of these. */
void timeline_print(const struct log *log, FILE *out);
/* Of several processes: the curves of all together, then a small one of each of the highest. */
void timeline_print_course(const struct course *course, FILE *out);
/* Comma-separated values: a head, then a row for each sample, mark, period and the peak, in the order of time. Names are quoted, and are
 * no formula to a spreadsheet. */
void timeline_csv(const struct log *log, FILE *out);
/* The members of the open object. */
void timeline_json(const struct log *log, struct json *json);

#endif
