/* SPDX-License-Identifier: MIT */
#ifndef SHOW_MPRUN_H
#define SHOW_MPRUN_H

#include <stdio.h>

#include "show/listing.h"

/* The table in memory_profiler's template, %mprun's; nothing for a function without a file. `precision`: decimals. */
void listing_print_mprun(const struct view *view, const struct listing *listing, int precision,
                         FILE *out);
/* Below these tables: of how many functions Occurrences are something else than %mprun's. */
void listings_say_mprun(const struct view *view, const struct listing *listings, size_t count,
                        FILE *out);

#endif
