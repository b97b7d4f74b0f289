/* SPDX-License-Identifier: MIT */
#ifndef SHOW_LINES_H
#define SHOW_LINES_H

#include <stdio.h>

#include "show/listing.h"

/* The annotated table of a function: the lines with figures with two around them, or, with `all`, the whole function; where the
 * source is not known, only the former. */
void listing_print(struct view *view, const struct listing *listing, bool all, FILE *out);
/* Say what the tables printed so far had to leave out; nothing if that is nothing. */
void listings_say(const struct view *view, FILE *out);

#endif
