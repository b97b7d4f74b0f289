/* SPDX-License-Identifier: MIT
 *
 * Lines and functions with their figures, as text and as JSON.
 */
#ifndef SHOW_LINES_H
#define SHOW_LINES_H

#include <stdio.h>

#include "show/json.h"
#include "show/listing.h"
#include "show/table.h"

/* The next cell: a row's figure, blank where it is not known. */
void lines_cell(struct table *table, const struct row *row, enum metric metric);
/* The annotated table of a function: the lines with figures with two around them, or, with `all`, the whole function; where the
 * source is not known, only the former. */
void listing_print(struct view *view, const struct listing *listing, bool all, FILE *out);
/* Say what the tables printed so far had to leave out; nothing if that is nothing. */
void listings_say(const struct view *view, FILE *out);
/* The members `lines` and `functions`, both arrays. `wanted`: by function, which ones; NULL: all. The highest by the metric first. */
void lines_json(struct view *view, struct json *json, const unsigned char *wanted,
                enum metric metric);

#endif
