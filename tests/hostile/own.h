/* SPDX-License-Identifier: MIT
 *
 * Programs that call an allocator by its own names, and count what they do.
 */
#ifndef OWN_H
#define OWN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static uint64_t allocated, allocations, releases;

static inline void *took(void *block, size_t bytes)
{
    CHECK(block);
    allocated += bytes;
    allocations++;
    if (block)
        memset(block, 0x5a, bytes);
    return block;
}

/* A block that another was made of. */
static inline void *moved(void *block, size_t bytes)
{
    releases++;
    return took(block, bytes);
}

static inline void *gone(void *block)
{
    releases++;
    return block;
}

/* One mapping of the program's own, among all those of its allocator. */
static inline int tell(void)
{
    void *at = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    char text[300];
    int n = snprintf(text, sizeof text,
                     "{\"allocated\": %llu, \"allocations\": %llu, \"releases\": %llu, "
                     "\"failures\": %llu, \"pid\": %d}\n",
                     (unsigned long long)allocated, (unsigned long long)allocations,
                     (unsigned long long)releases, (unsigned long long)failures, (int)getpid());
    return write(1, text, (size_t)n) == n && !failures ? 42 : 1;
}

#endif
