/* SPDX-License-Identifier: MIT
 *
 * The tracker's own memory: a private, renamed jemalloc. Never the program's allocator. Callable
 * with the guard set, in any thread; errno may change. Each call costs two system calls, unless the
 * thread is aside (base/aside.h); see mt_meta_hold.
 */
#ifndef MT_META_H
#define MT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `bytes` zeroed bytes, aligned to 16, or NULL when there is no memory. */
void *mt_meta_alloc(size_t bytes);
/* Grow a block from mt_meta_alloc (or NULL) and zero what is new. The block may move. NULL: no
 * memory, and the old block stands. */
void *mt_meta_grow(void *block, size_t old_bytes, size_t new_bytes);
void mt_meta_free(void *block); /* released; NULL is allowed */

/* Up to `count` blocks of `bytes` bytes, for the price of one call. Returns how many stand in
 * blocks[]; they are not zeroed. */
uint32_t mt_meta_alloc_some(void **blocks, uint32_t count, size_t bytes);
/* Release blocks for the price of one call: each begins with the address of the next one, the last with NULL. NULL: none. */
void mt_meta_free_chain(void *first);

/* Around many of these calls by one thread: each makes system calls of its own otherwise, to hold
 * signals back and to return memory to the system. Not nested. */
void mt_meta_hold(void);
void mt_meta_release(void);

/* In the child of a fork, set before the modules forget what they knew: the parent had other
 * threads, which may have been in the middle of a change when the memory was copied. Then no table
 * may be read, and no block of before may be released or grown: they are left behind. */
extern bool mt_meta_torn;

/* Around a fork, where libc does not tell whether there are other threads (base/newer.h): the system says that there are none. */
void mt_meta_alone(bool alone);

/* In the child of a fork, whichever way it was made, before anything else here: sets mt_meta_torn.
 * The caller is the only thread. */
void mt_meta_child(void);

/* The same, but this thread goes on with what it was doing when a signal handler forked: if there is
 * any doubt there is no memory, until mt_meta_child. */
void mt_meta_forked_inside(void);

/* This thread left what it was doing by a jump. If that was in here, there is no memory from now
 * on. */
void mt_meta_jumped(void);

/* Whole pages: zeros, which cost memory only where they are touched. NULL: no memory. */
void *mt_meta_map(size_t bytes);
void mt_meta_unmap(void *at, size_t bytes);

#endif
