/* SPDX-License-Identifier: MIT
 *
 * Code addresses: which loaded object they lie in, and their frames in the log. Callable inside a
 * hook only, in any thread.
 */
#ifndef MT_MODULES_H
#define MT_MODULES_H

#include <stdbool.h>
#include <stdint.h>

/* FRAME index for a return address; 0: no space. One lock-free table look-up for an address met
 * before. */
uint32_t mt_modules_frame(uintptr_t pc);

/* Something was or will be unloaded: addresses may mean another object from now on. */
void mt_modules_flush(void);

/* The dynamic loader's own code, where it calls from; empty until the first address has been resolved. */
extern struct mt_modules_range {
    uintptr_t start, bytes;
} mt_modules_loader;

static inline bool mt_modules_by_loader(uintptr_t pc)
{
    return pc - mt_modules_loader.start < mt_modules_loader.bytes;
}

/* The loader is about to release `block`. True: it is what it knew a module by whose addresses have been met, and which it has
 * unloaded: mt_modules_flush is due. libc unloads without dlclose what it has loaded by itself (converters, name services). */
bool mt_modules_unloaded(const void *block);

/* Changes whenever addresses may have changed their meaning. */
uint32_t mt_modules_generation(void);

/* A module that exchanges pieces of a thread's stack for others has been seen: greenlet. */
extern bool mt_modules_switching;

/* Is told of each object, by its link_map, when the first of its addresses is met on a stack; may take no lock and call nothing.
 * NULL: nobody. Set before the first event. */
typedef void mt_modules_listener(const char *path, const void *map, uintptr_t begin, uintptr_t end);
extern mt_modules_listener *mt_modules_met;

/* Forget everything (fork child). */
void mt_modules_forget(void);

#endif
