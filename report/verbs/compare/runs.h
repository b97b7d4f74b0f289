/* SPDX-License-Identifier: MIT
 *
 * Runs as they are named on the command line: LOG or FOLDER, and @PERIOD behind it.
 */
#ifndef VERBS_COMPARE_RUNS_H
#define VERBS_COMPARE_RUNS_H

#include "compare/side.h"

/* Adds a run to a side; `periods`: those of a run that names none. An exit status; STATUS_DONE, or after a message. */
int runs_add(struct side *side, const char *given, struct periods periods);
/* Is a period named? */
bool runs_period(const char *given);

#endif
