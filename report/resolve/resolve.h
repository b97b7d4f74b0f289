/* SPDX-License-Identifier: MIT
 *
 * The places of all frames of a log: names and lines are looked up, inlined calls and tail calls put in.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "resolve/frames.h"

/* Resolve all frames that the model's nodes use. Opens the modules' files; says on standard error
 * which cannot be used; shows its progress there when that is a terminal. Nodes get other frames, and some are added, for functions that a
 * tail call took off the stack. */
void frames_make(struct frames *frames, struct model *model);
/* The place of a line of Python code record `code`, made if there is none yet. */
uint32_t frames_python(struct frames *frames, uint32_t code, uint32_t line);

#endif
