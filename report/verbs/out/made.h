/* SPDX-License-Identifier: MIT
 *
 * A log that a verb makes, which no process wrote.
 */
#ifndef VERBS_OUT_MADE_H
#define VERBS_OUT_MADE_H

#include "read/draft.h"

/* May a log of this name be written? NULL: it was not given. False after a message. */
bool made_may_be(const char *verb, const char *output);
/* Write it, whole or not at all; "-" is standard output. False after a message. */
bool made_put(struct draft *draft, const char *output);

#endif
