/* SPDX-License-Identifier: MIT
 *
 * A call that comes while a hook of the same thread is in its real function: whose is it? The
 * allocator may call itself by its public names, and operator new calls malloc: that is part of the
 * one event, which the hook records. But a signal handler that interrupted the hook allocates for
 * the program, and so does a new handler. The caller's address tells them apart.
 */
#ifndef MT_NESTED_H
#define MT_NESTED_H

#include <stdbool.h>
#include <stdint.h>

/* Find the addresses of those who call. To be called once the originals are known, and again when
 * C++ operators were found later, with `pc` their caller, else 0. Calls the loader: guard set, no
 * lock held; one thread at a time. */
void mt_nested_find(uintptr_t pc);

/* A function of the heap is called from `pc`, with the guard at `depth`; `release`: it releases.
 * True: the call is the real function's own, or nobody can tell. Any thread. */
bool mt_nested_is_own(uint32_t depth, uintptr_t pc, bool release);

#endif
