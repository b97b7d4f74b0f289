/* SPDX-License-Identifier: MIT
 *
 * The adviser: a few sentences on what a log shows and what could be done about it, each with the lines that it is about and the figures
 * that it rests on. It would rather say nothing than something that is not so: every kind has a threshold (kinds.c).
 */
#ifndef ADVICE_ADVICE_H
#define ADVICE_ADVICE_H

#include "advice/list.h"
#include "fold/stacks.h"
#include "show/json.h"

/* All that the log gives rise to, the most bytes first. Linear in the log, but for a sort. advices_free afterwards. */
void advices_make(struct advices *advices, const struct stacks *stacks);
/* The peak and what holds it, then at most `top` pieces of advice. */
void advices_print(const struct stacks *stacks, const struct advices *advices, size_t top,
                   FILE *out);
/* The members "peak_bytes", "peak_time_ns", "unknown_bytes", "peak_held" and "advice". */
void advices_json(const struct stacks *stacks, const struct advices *advices, size_t top,
                  struct json *json);

#endif
