/* SPDX-License-Identifier: MIT
 *
 * A library that comes by dlopen and brings an allocator of its own, which nobody else sees.
 */
#include <mimalloc.h>
#include <stdlib.h>
#include <string.h>

void *own_make(size_t);
void own_drop(void *);

void *own_make(size_t bytes)
{
    char *block = mi_zalloc(bytes / 2);
    block = mi_rezalloc(block, bytes); /* which jumps to mi_heap_rezalloc */
    return block && !block[bytes - 1] ? memset(block, 1, bytes) : NULL;
}

void own_drop(void *block)
{
    mi_free(block);
}
