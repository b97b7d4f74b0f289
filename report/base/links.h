/* SPDX-License-Identifier: MIT
 *
 * An index of pairs of numbers that its user has in a table of its own: the children of a tree by parent and key. A slot is eight bytes,
 * half of the hash and the entry, so that a new entry, as most are, costs one access to memory that is far away.
 *
 *     uint64_t *slot = links_slot(&links, parent, key, same, tree);
 *     if (!*slot)
 *         links_put(&links, slot, parent, key, entry);
 *     entry = links_entry(slot);
 */
#ifndef BASE_LINKS_H
#define BASE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

/* A zeroed one is empty. */
struct links {
    uint64_t *slots;
    size_t mask, used;
};

/* For links_slot: is this entry of the table the pair's? */
typedef bool links_same(const void *table, uint32_t entry, uint32_t a, uint32_t b);

/* Room for one more. */
void links_grow(struct links *links);
void links_free(struct links *links);

/* Where a pair falls, for this file alone. */
static inline uint32_t links_hash(uint32_t a, uint32_t b)
{
    return (uint32_t)(map_scatter((uint64_t)a << 32 | b) >> 32);
}

/* Begin to read the slot of a pair that will be asked for soon. A small index is near anyway. */
#define LINKS_NEAR 4096u
static inline void links_fetch(const struct links *links, uint32_t a, uint32_t b)
{
    if (links->mask >= LINKS_NEAR)
        __builtin_prefetch(&links->slots[links_hash(a, b) & links->mask]);
}

/* The slot of a pair, 0 in it: it is new, and links_put is to follow. Valid until the next call. */
static inline uint64_t *links_slot(struct links *links, uint32_t a, uint32_t b, links_same *same,
                                   const void *table)
{
    if (!links->slots || links->used * 3 >= links->mask * 2)
        links_grow(links);
    uint32_t hash = links_hash(a, b);
    size_t at = hash & links->mask;
    for (; links->slots[at]; at = (at + 1) & links->mask)
        if (links->slots[at] >> 32 == hash && same(table, (uint32_t)links->slots[at], a, b))
            break;
    return &links->slots[at];
}

/* `entry` is not 0. */
static inline void links_put(struct links *links, uint64_t *slot, uint32_t a, uint32_t b,
                             uint32_t entry)
{
    *slot = (uint64_t)links_hash(a, b) << 32 | entry;
    links->used++;
}

/* The entry in a slot; 0: none yet. */
static inline uint32_t links_entry(const uint64_t *slot)
{
    return (uint32_t)*slot;
}

#endif
