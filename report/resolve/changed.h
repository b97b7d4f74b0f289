/* SPDX-License-Identifier: MIT
 *
 * Source files that are not what they were.
 */
#ifndef RESOLVE_CHANGED_H
#define RESOLVE_CHANGED_H

#include "resolve/frames.h"

/* Look at the files of the user's own functions, and say on standard error which have changed (source_of.h): a line's number may be
 * another line's by now. frames->changed_sources is their number. Reads each file once; none in a log without stamps. */
void changed_say(struct frames *frames);

#endif
