/* SPDX-License-Identifier: MIT
 *
 * A small library that allocates through a few of its own functions, of different frames. Its unwind tables are damaged by
 * run_damaged.py.
 */
#include <stdlib.h>
#include <string.h>

void *damaged(int depth);

static __attribute__((noinline)) void *leaf(size_t bytes)
{
    void *p = malloc(bytes);
    memset(p, 1, bytes);
    return p;
}

/* A frame whose size is not known when it is compiled. */
static __attribute__((noinline)) void *varying(int depth)
{
    volatile char *room = __builtin_alloca((size_t)depth * 16 + 16);
    room[0] = (char)depth;
    void *p = leaf((size_t)room[0] + 1);
    room[1] = 0;
    return p;
}

/* A realigned frame. */
static __attribute__((noinline)) void *aligned(int depth)
{
    _Alignas(64) char room[64];
    __asm__ volatile("" : : "r"(room) : "memory");
    void *p = varying(depth);
    __asm__ volatile("" : : "r"(room) : "memory");
    return p;
}

void *damaged(int depth)
{
    void *p = depth % 3 == 0 ? leaf(10) : depth % 3 == 1 ? varying(depth) : aligned(depth);
    if (depth == 0)
        return p;
    free(p);
    void *inner = damaged(depth - 1);
    __asm__ volatile("" ::: "memory");
    return inner;
}
