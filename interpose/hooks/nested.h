/* SPDX-License-Identifier: MIT
 *
 * Whose call is it that comes while a hook of the same thread is at work in its real function? The allocator may call itself
 * by its public names, and operator new calls malloc: that is the one event, which the hook records. But a signal handler
 * that interrupted it, and a new handler, allocate for the program. The caller's address tells.
 */
#ifndef MT_NESTED_H
#define MT_NESTED_H

#include <stdbool.h>
#include <stdint.h>

/* Once the originals are known, and again when operators of C++ were found later. Calls into the loader: guard set. `pc`: of
 * their caller then, else 0. */
void mt_nested_find(uintptr_t pc);

/* A call of a function of the heap (a release?) from `pc`, with the guard at `depth`, is the real function's own, or it can't be told. */
bool mt_nested_is_own(uint32_t depth, uintptr_t pc, bool release);

#endif
