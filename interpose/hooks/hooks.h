/* SPDX-License-Identifier: MIT
 *
 * What the wrapped functions have in common.
 */
#ifndef MT_HOOKS_H
#define MT_HOOKS_H

#include <stdbool.h>

#include "hooks/event.h"
#include "loader/real.h"

/* The wrappers' own prototypes: some are in no header, or not in every libc's. */
#define MT_HOOK(symbol, result, parameters) MT_EXPORT result symbol parameters;
#include "hooks.def"

static inline bool mt_real_known(void)
{
    return __builtin_expect(mt_real_ready, true) || mt_real_init();
}

#endif
