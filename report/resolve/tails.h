/* SPDX-License-Identifier: MIT
 *
 * Functions that a tail call took off the stack, where the debug information tells them without doubt, as GDB does it: a frame says which
 * function it called; if that is not the one further in, there must be a chain of tail calls from the one to the other. If all chains
 * that there can be have functions in common, these are named. Nothing is, where one of the functions on the way jumps to what is not
 * known, or where the chains go in a circle.
 */
#ifndef RESOLVE_TAILS_H
#define RESOLVE_TAILS_H

#include "read/model.h"
#include "resolve/frames.h"
#include "symbols/find.h"
#include "symbols/symbols.h"

/* `calls`: of each frame of the log, names in `names`. Nodes get frames that have these functions around them; where what they called
 * allocates, the model gets nodes (model_below). Looks tail calls up in the modules' files only where they are in question. */
void tails_make(struct frames *frames, struct model *model, const struct symbol_call *calls,
                struct strings *names, struct find *find);

#endif
