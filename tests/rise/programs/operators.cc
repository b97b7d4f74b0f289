/* SPDX-License-Identifier: MIT
 * operator new and delete that record; the size stands in front of the block. */
#include <new>

#include "operators.h"

static const size_t room = 16;

void *operator new(size_t bytes)
{
    size_t *start = static_cast<size_t *>(malloc(bytes + room));
    if (!start)
        abort();
    *start = bytes + room;
    __asm__ volatile("" ::"r"(start) : "memory");
    oracle_event_here(static_cast<int64_t>(*start));
    return reinterpret_cast<char *>(start) + room;
}

void operator delete(void *block) noexcept
{
    if (!block)
        return;
    size_t *start = reinterpret_cast<size_t *>(static_cast<char *>(block) - room);
    int64_t bytes = static_cast<int64_t>(*start);
    free(start);
    __asm__ volatile("" ::: "memory");
    oracle_event_here(-bytes);
}

void operator delete(void *block, size_t) noexcept
{
    operator delete(block);
}
