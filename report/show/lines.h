/* SPDX-License-Identifier: MIT */
#ifndef SHOW_LINES_H
#define SHOW_LINES_H

#include <stdio.h>

#include "show/listing.h"

/* The annotated table of a function. Lines far from any with figures are left out when `shorten` is set and the function is
 * long. */
void listing_print(const struct view *view, const struct listing *listing, bool shorten, FILE *out);

#endif
