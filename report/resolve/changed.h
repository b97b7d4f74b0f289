/* SPDX-License-Identifier: MIT
 *
 * Source files that are not what they were.
 */
#ifndef RESOLVE_CHANGED_H
#define RESOLVE_CHANGED_H

#include <stdbool.h>

#include "resolve/frames.h"

/* Look at the files of the user's own functions, and say on standard error which have changed (source_of.h): a line's number may be
 * another line's by now. frames->changed_sources is their number. `whole`: of all of the process, so that a file that changed while
 * it ran counts, too; a period may be all of one text. Reads each file once; none has changed in a log without stamps. */
void changed_say(struct frames *frames, bool whole);

#endif
