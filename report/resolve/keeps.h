/* SPDX-License-Identifier: MIT
 *
 * Memory that is there to stay, by the functions that it is allocated under: what a runtime keeps for its own use, whoever calls it, such
 * as stdio's buffers, what the loader and locales hold, Python's modules. The rules are in residents.def.
 */
#ifndef RESOLVE_KEEPS_H
#define RESOLVE_KEEPS_H

#include "resolve/frames.h"
#include "resolve/rules.h"

/* Does what is allocated under this function belong to a runtime? Not so what code of the user's own allocates further in. */
bool keeps_for_runtime(const struct frames *frames, const struct function *function);
/* Of which rule is the function, for `memtrace leaks`? NULL: of none. */
const struct resident *keeps_resident(const struct frames *frames, const struct function *function);

#endif
