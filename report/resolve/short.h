/* SPDX-License-Identifier: MIT
 *
 * Source files by as little of their paths as tells them apart.
 */
#ifndef RESOLVE_SHORT_H
#define RESOLVE_SHORT_H

#include "resolve/frames.h"

/* Fill frames->shorts. Names that come later (frames_python) are not told apart from these. */
void short_make(struct frames *frames);

#endif
