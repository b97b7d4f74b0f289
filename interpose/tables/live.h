/* SPDX-License-Identifier: MIT
 *
 * The live blocks: address -> size and counter record. Private memory, in shards. Callable with the
 * guard set, in any thread.
 */
#ifndef MT_LIVE_H
#define MT_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct mt_live {
    uint64_t size; /* bytes as requested */
    uint32_t unit; /* the mt_alloc that counts it, < 2^28 */
};

/* Enter a block; neither its address nor its unit is 0. */
enum mt_live_entered {
    MT_LIVE_ENTERED,
    MT_LIVE_REPLACED, /* an entry stood there already (we did not see its release): *stale is what it was */
    MT_LIVE_NOT, /* no memory, or an address or size that the table can't hold: the block is not tracked */
};
enum mt_live_entered mt_live_enter(uintptr_t block, struct mt_live entry, struct mt_live *stale);

/* The block will be entered soon: bring its place into the cache meanwhile. */
void mt_live_prefetch(uintptr_t block);

/* Take a block out. Returns what was entered; unit 0: it is not known. */
struct mt_live mt_live_take(uintptr_t block);

/* Some live blocks. */
#define MT_LIVE_AT_ONCE 256u
struct mt_live_some {
    uint32_t count;
    uintptr_t block[MT_LIVE_AT_ONCE];
    struct mt_live live[MT_LIVE_AT_ONCE];
};
/* Visit all blocks, some at a time, none of which is released meanwhile, until `visit` returns false, or to the end: true. What a visit
 * may not do: allocate, enter or take. Takes the shards' locks, each for all of its visits; 6 KiB of stack. */
bool mt_live_each(bool (*visit)(const struct mt_live_some *some, void *context), void *context);

/* Child of a fork: all blocks are its parent's from now on. Where that had several threads the table
 * may be torn, and is forgotten. */
void mt_live_inherit(void);

/* As mt_live_take, for a block that was there before the fork. */
struct mt_live mt_live_inherited_take(uintptr_t block);

#endif
