/* SPDX-License-Identifier: MIT
 *
 * Of a log's stacks, those that go through one function.
 */
#ifndef FOLD_UNDER_H
#define FOLD_UNDER_H

#include "read/model.h"
#include "resolve/frames.h"

/* Keep what happened under calls of the functions that `wanted` means (match.h): the frames further out, and stacks
 * without such a call, are as if they were outside of the periods looked at. Once, before folding. Linear. False: it means
 * none. */
bool under_keep(struct model *model, const struct frames *frames, const char *wanted);

#endif
