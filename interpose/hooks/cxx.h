/* SPDX-License-Identifier: MIT
 *
 * Calls that may throw. For hooks.
 */
#ifndef MT_HOOKS_CXX_H
#define MT_HOOKS_CXX_H

#include "hooks/hooks.h"

typedef void *mt_new_function(size_t bytes, uintptr_t a, uintptr_t b);

/* Call `real` and record what it returns as `recorded` bytes. If an exception leaves it, the guard
 * is undone. */
void *mt_guarded_new(struct mt_thread *t, const struct mt_start *here, mt_new_function *real,
                     size_t recorded, size_t bytes, uintptr_t a, uintptr_t b);

#endif
