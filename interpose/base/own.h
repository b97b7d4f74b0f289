/* SPDX-License-Identifier: MIT
 *
 * Which anonymous memory is the tracker's own, and how much of it is in memory: that much of the process's resident set is not
 * the program's. Callable with the thread's guard set, in any thread, also where mt_meta_alloc is not.
 */
#ifndef MT_OWN_H
#define MT_OWN_H

#include <stddef.h>

/* A range was mapped; a range, which may be of several of these and of parts of them, was unmapped. */
void mt_own_mapped(const void *at, size_t bytes);
void mt_own_unmapped(const void *at, size_t bytes);

/* Bytes that are in memory. What is mapped is no measure: the allocator's books, and arrays for the deepest stack that there may
 * be, are mapped in advance and hardly touched. One system call for each big range that has untouched pages, for a few of them at most:
 * microseconds. */
size_t mt_own_resident(void);

/* Call `visit` for each range of address space that is known to be the tracker's own. */
void mt_own_each(void (*visit)(void *at, size_t bytes));

void mt_own_forget(void); /* fork child: its lock; the memory is there */

#endif
