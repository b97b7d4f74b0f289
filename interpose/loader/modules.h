/* SPDX-License-Identifier: MIT
 *
 * Code addresses: which loaded object they lie in, and their frames in the log. Callable with the
 * guard set, in any thread.
 */
#ifndef MT_MODULES_H
#define MT_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"

/* Index in FRAME for a return address; 0: no space. For an address that was met before, one look-up
 * in a table, without a lock. */
uint32_t mt_modules_frame(uintptr_t pc);

/* Something was or will be unloaded: from now on addresses may mean another object. */
void mt_modules_flush(void);

/* The dynamic loader's own code, where it calls from; empty until the first address is resolved. */
MT_EXTERN struct mt_modules_range {
    uintptr_t start, bytes;
} mt_modules_loader;

/* Whether the loader calls from `pc`. Any thread. */
static inline bool mt_modules_by_loader(uintptr_t pc)
{
    return pc - mt_modules_loader.start < mt_modules_loader.bytes;
}

/* The loader is about to release `block`. True: that is its description of a module whose addresses
 * have been met, so it has unloaded that module and mt_modules_flush is due. libc loads some
 * libraries by itself (converters, name services) and unloads them without dlclose. Guard set. */
bool mt_modules_unloaded(const void *block);

/* A number that changes whenever addresses may have changed their meaning. */
MT_EXTERN uint32_t mt_modules_now;
static inline uint32_t mt_modules_generation(void)
{
    return __atomic_load_n(&mt_modules_now, __ATOMIC_RELAXED);
}

/* Whether a module was seen that swaps pieces of a thread's stack: greenlet. */
MT_EXTERN bool mt_modules_switching;

/* Called for each object, with its handle (loader/object.h), when the first of its addresses is met
 * on a stack. It may take no lock and call nothing. NULL: nobody listens. To be set before the
 * first event. */
typedef void mt_modules_listener(const char *path, const void *map, uintptr_t begin, uintptr_t end);
extern mt_modules_listener *mt_modules_met;

/* Forget everything (fork child). */
void mt_modules_forget(void);

#endif
