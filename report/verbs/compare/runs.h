/* SPDX-License-Identifier: MIT
 *
 * Runs as they are named on the command line: LOG or FOLDER, and @PERIOD behind it.
 */
#ifndef VERBS_COMPARE_RUNS_H
#define VERBS_COMPARE_RUNS_H

#include "compare/matched.h"
#include "compare/side.h"
#include "verbs/options.h"

/* Adds a run to a side; `periods`: those of a run that names none. `say`: which logs
 * of it an earlier run left. An exit status; STATUS_DONE, or after a message. */
int runs_add(struct side *side, const char *given, struct periods periods, bool say);
/* All of the command line, OLD NEW or OLD... -- NEW..., to their sides. Likewise. */
int runs_add_sides(struct side sides[SIDES], const struct options *options);
/* Is part of a process compared, by a run's name or by --period? What was held at its peak is known of the last period alone. */
bool runs_in_periods(const struct options *options);

#endif
