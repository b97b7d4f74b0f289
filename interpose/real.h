/* SPDX-License-Identifier: MIT
 *
 * The originals of the wrapped functions: the next definition after this library in the program's
 * search order, so that a preloaded or linked jemalloc stays the program's allocator.
 */
#ifndef MT_REAL_H
#define MT_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mt_real {
#define MT_HOOK(symbol, result, parameters) result(*symbol) parameters;
#include "hooks.def"
};
extern struct mt_real mt_real;

/* True once the originals are known. Plain load, for the hot path. */
extern bool mt_real_ready;

/* Find the originals; callable in any thread and re-entered by the loader's own allocations, which
 * are then served by the boot pool. False while another call is under way in this thread. */
bool mt_real_init(void);

/* The original of a C++ operator that the search order did not have at start-up: C++ came later, as
 * a plugin. Looks among what the caller's own object links with (`caller`: the hook's return
 * address). NULL: there is none. */
void *mt_real_from_caller(const char *symbol, const void *caller);

/* Memory for allocations that arrive while the originals are not known. Never given back. NULL when
 * used up. */
void *mt_boot_alloc(size_t bytes, size_t align);
bool mt_boot_owns(const void *block);
size_t mt_boot_size(const void *block); /* upper bound of what may be copied from it */

#endif
