/* SPDX-License-Identifier: MIT
 *
 * meta.h on the test's own allocator, so that its checkers (ASan) see what the tracker's modules do with their memory.
 */
#include <stdlib.h>
#include <string.h>

#include "../../interpose/base/aside.h"
#include "../../interpose/base/meta.h"

bool mt_meta_torn;

void *mt_meta_alloc(size_t bytes)
{
    return calloc(1, bytes ? bytes : 1);
}

void *mt_meta_grow(void *block, size_t old_bytes, size_t new_bytes)
{
    char *grown = realloc(block, new_bytes);
    if (grown && new_bytes > old_bytes)
        memset(grown + old_bytes, 0, new_bytes - old_bytes);
    return grown;
}

void mt_meta_free(void *block)
{
    free(block);
}

uint32_t mt_meta_alloc_some(void **blocks, uint32_t count, size_t bytes)
{
    uint32_t n = 0;
    while (n < count && (blocks[n] = malloc(bytes)))
        memset(blocks[n++], 0xa5, bytes);
    return n;
}

void mt_meta_free_chain(void *first)
{
    for (void *next; first; first = next) {
        next = *(void **)first;
        free(first);
    }
}

void *mt_meta_map(size_t bytes)
{
    return calloc(1, bytes);
}

void mt_meta_unmap(void *at, size_t bytes)
{
    (void)bytes;
    free(at);
}

void mt_meta_hold(void)
{
}

void mt_meta_release(void)
{
}

/* On the stack that there is: a checker does not see a switch of stacks. */
void mt_aside(void (*work)(void *), void *context)
{
    work(context);
}
