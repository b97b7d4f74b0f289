/* SPDX-License-Identifier: MIT
 *
 * The live blocks: address -> size and counter record. Private memory, sharded; callable inside a
 * hook only, in any thread, without a lock of its own held on return.
 */
#ifndef MT_LIVE_H
#define MT_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct mt_live {
    uint64_t size; /* bytes as requested */
    uint32_t unit; /* the mt_alloc that counts it, < 2^28 */
};

/* Enter a block. False: no memory, or an address or size that the table cannot hold; the block is
 * then not tracked. An entry that stands there already (its release was not seen) is replaced and
 * given in *stale, stale->unit 0 if none. */
bool mt_live_enter(uintptr_t block, struct mt_live entry, struct mt_live *stale);

/* The block is about to be entered: its place is brought into the cache meanwhile. */
void mt_live_prefetch(uintptr_t block);

/* Take a block out. False: not known. */
bool mt_live_take(uintptr_t block, struct mt_live *entry);

/* Fork child: what there is is its parent's from now on. Where that had several threads it may be torn, and is forgotten. */
void mt_live_inherit(void);

/* Take a block out that was there before the fork. False: not known. */
bool mt_live_inherited_take(uintptr_t block, struct mt_live *entry);

#endif
