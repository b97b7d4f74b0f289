/* SPDX-License-Identifier: MIT
 *
 * The sizes of live blocks that are too big for an entry of live.c. Callable with the guard set, in
 * any thread.
 */
#ifndef MT_LIVE_BIG_H
#define MT_LIVE_BIG_H

#include <stdbool.h>
#include <stdint.h>

/* The block at `block`, not 0, has `size` bytes. False: no memory. */
bool mt_live_big_enter(uintptr_t block, uint64_t size);

/* Its size, which is forgotten; `unknown` if it is not here. */
uint64_t mt_live_big_take(uintptr_t block, uint64_t unknown);

/* Its size; `unknown` if it is not here. */
uint64_t mt_live_big_size(uintptr_t block, uint64_t unknown);

/* Child of a fork: the sizes stay, its parent's and its own, as no two blocks have one address; where
 * the table may be torn it is forgotten. */
void mt_live_big_inherit(void);

#endif
