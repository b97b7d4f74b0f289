/* SPDX-License-Identifier: MIT
 *
 * What the program's allocator tells of a block without being asked. The file is chosen by libc: heap_glibc.c.
 */
#ifndef MT_HEAP_H
#define MT_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* Look whose malloc the program calls. Once the originals are known (loader/real.h). Calls the loader: guard set, no lock held. */
void mt_heap_init(void);

/* Whether all blocks are of an allocator whose headers we know: no other one has taken its place, or is called by names of its own. */
bool mt_heap_known(void);

/* Where the header of a block lies, a word of 64 bits. */
static inline uintptr_t mt_heap_header_of(uintptr_t block)
{
    return block - sizeof(uint64_t);
}

/* Bytes that the program may use of a block with this header; 0: it cannot be one of a block of so many bytes. */
uint64_t mt_heap_usable(uint64_t header, uint64_t bytes);

#endif
