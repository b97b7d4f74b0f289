/* SPDX-License-Identifier: MIT
 *
 * Figures and shares as text.
 */
#ifndef SHOW_METRIC_H
#define SHOW_METRIC_H

#include "base/text.h"
#include "fold/query.h"

/* A figure of this metric: a size, or a number. Returns out. */
char *metric_text(char out[TEXT_SIZE_BYTES], enum metric metric, int64_t value);
/* The title of its column: "At peak". */
const char *metric_title(enum metric metric);
/* What stands behind a figure in a sentence: "held at the peak". */
const char *metric_phrase(enum metric metric);
/* The same behind this figure: "1 allocation". */
const char *metric_phrase_of(enum metric metric, int64_t value);

#define SHARE_BYTES 24
/* "12.3 %"; empty where there is no whole. Returns out. */
char *share_text(char out[SHARE_BYTES], int64_t part, int64_t whole);

#endif
