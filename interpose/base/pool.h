/* SPDX-License-Identifier: MIT
 *
 * Memory of the tracker's own that was mapped in advance, for the time when no more may be mapped: a seccomp filter
 * does not let mmap pass, or what is mapped would be locked and count as the program's (mlockall, MCL_FUTURE). All
 * of it is zero, and costs nothing until it is touched. Guard set, any thread.
 */
#ifndef MT_POOL_H
#define MT_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* Map it, once in a process. */
void mt_pool_fill(void);

/* Whole pages of zeros; NULL: there are none. */
void *mt_pool_take(size_t bytes);
/* Pages of the pool, or others that can't be unmapped: they become zeros, to be taken again. */
void mt_pool_put(void *at, size_t bytes);
/* Whether it is the pool's. */
bool mt_pool_has(const void *at);

/* The child of a fork. `torn`: another thread may have been inside, so there is no pool any more. */
void mt_pool_forget(bool torn);

#endif
