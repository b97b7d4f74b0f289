/* SPDX-License-Identifier: MIT
 *
 * Room in an endless ring of bytes: places are counted up for ever, and stand in the memory at the place mod its size.
 */
#ifndef MT_RING_H
#define MT_RING_H

#include <stddef.h>
#include <stdint.h>

/* The place of so many bytes in one piece, at most `size`, that of the ring. Behind it is *next; what was below *oldest then is
 * overwritten, or may be. */
static inline uint64_t mt_ring_place(uint64_t *next, uint64_t *oldest, uint64_t size, size_t bytes)
{
    uint64_t at = *next;
    if (at % size + bytes > size)
        at += size - at % size;
    *next = at + bytes;
    if (*oldest + size < *next)
        *oldest = *next - size;
    return at;
}

#endif
