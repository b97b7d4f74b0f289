/* SPDX-License-Identifier: MIT
 *
 * The functions that are wrapped, by hooks_darwin.def, and their wrappers, mt_hook_NAME. In this library the plain name is the
 * original: dyld does not replace it in the image that has the tuples.
 */
#ifndef MT_DARWIN_WRAPPED_H
#define MT_DARWIN_WRAPPED_H

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hooks/event.h"
#include "loader/real.h"

struct _malloc_zone_t;

/* Declared here, as the system's headers say which macOS has them, and the compiler would want it to be asked each time. */
#define MT_HOOK(symbol, result, parameters)                                                        \
    result symbol parameters;                                                                      \
    result mt_hook_##symbol parameters;
#define MT_HOOK_MAYBE(symbol, result, parameters)                                                  \
    result symbol parameters __attribute__((weak_import));                                         \
    result mt_hook_##symbol parameters;
#include "hooks_darwin.def"

/* Whether the hooks are at work: else they only pass on. */
static inline bool mt_hooks_work(void)
{
    return __builtin_expect(mt_real_ready, true);
}

#endif
