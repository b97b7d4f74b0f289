/* SPDX-License-Identifier: MIT
 *
 * Functions of runtimes that take memory for the runtime's own use, whoever calls them: stdio's buffers, what the loader and
 * locales keep, Python's modules. The line that called them can't give it back, so it is no leak of that line.
 */
#ifndef RESOLVE_KEEPS_H
#define RESOLVE_KEEPS_H

#include "resolve/frames.h"

/* Does what is allocated under this function belong to a runtime? Not so what code of the user's own allocates further in. */
bool keeps_for_runtime(const struct frames *frames, const struct function *function);

#endif
