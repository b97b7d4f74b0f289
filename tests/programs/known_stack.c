/* SPDX-License-Identifier: MIT
 *
 * Stacks: inlined functions, recursion, mutual recursion, callbacks, several calls on a line; the peak and what was held
 * at it; rises that are released and rises that stay.
 */
#include <search.h>

#include "known.h"

#define INLINE  static inline __attribute__((always_inline))
#define OUTLINE static __attribute__((noinline))

INLINE void *innermost(size_t n)
{
    return ALLOC(n, malloc(n));
}

INLINE void *middle(size_t n)
{
    void *p = CALL(innermost(n));
    return p;
}

OUTLINE void inlined(void)
{
    void *p = CALL(middle(3000));
    void *q = ALLOC(500, malloc(500));
    RELEASE(p, free(p));
    RELEASE(q, free(q));
}

/* The lines count once for each event, however deep it is. */
OUTLINE void recursion(int depth)
{
    void *before = ALLOC(1000, malloc(1000));
    if (depth)
        CALL_VOID(recursion(depth - 1));
    RELEASE(before, free(before));
    void *after = ALLOC(10, malloc(10));
    if (depth % 2)
        RELEASE(after, free(after));
}

OUTLINE void pong(int n);
OUTLINE void ping(int n)
{
    void *p = ALLOC(100, malloc(100));
    if (n)
        CALL_VOID(pong(n - 1));
    RELEASE(p, free(p));
}
OUTLINE void pong(int n)
{
    void *p = ALLOC(7, malloc(7));
    if (n)
        CALL_VOID(ping(n - 1));
    RELEASE(p, free(p));
}

static void *compared[64];
static size_t compared_count;
static int compare(const void *a, const void *b)
{
    compared[compared_count] = ALLOC(16, malloc(16));
    compared_count++;
    return *(const int *)a != *(const int *)b;
}

OUTLINE void callback(void)
{
    int key = 4, numbers[] = {3, 1, 2, 5, 4};
    size_t count = 5;
    CHECK(CALL(lfind(&key, numbers, &count, sizeof *numbers, compare)) == &numbers[4]);
    CHECK(compared_count == 5);
    for (size_t i = 0; i < compared_count; i++)
        RELEASE(compared[i], free(compared[i]));
}

static void *given[64];
static int given_count;
OUTLINE void give(size_t n)
{
    given[given_count] = ALLOC(n, malloc(n));
    given_count++;
}
OUTLINE void take_all(void)
{
    while (given_count) {
        given_count--;
        RELEASE(given[given_count], free(given[given_count]));
    }
}

/* clang-format off */
OUTLINE void one_line(void)
{
    CALL_VOID(give(100)); CALL_VOID(give(200)); CALL_VOID(give(300));
    CALL_VOID(take_all());
}
/* clang-format on */

/* Goes up and back down on one line, twice, the second time higher; and down and up on another. */
OUTLINE void up_and_down(void)
{
    for (size_t i = 1; i <= 2; i++) {
        CALL_VOID(give(i * 100000));
        CALL_VOID(take_all());
    }
    CALL_VOID(give(5000));
    for (int i = 0; i < 3; i++) {
        void *p = ALLOC(70000, malloc(70000));
        p = MOVE(p, 90000, realloc(p, 90000));
        p = MOVE(p, 30000, realloc(p, 30000));
        RELEASE(p, free(p));
    }
    CALL_VOID(take_all());
}

/* Unknown to the compiler: else it makes several calls of the one in a loop, and each begins a run of its own. */
static volatile int five = 5;

/* Three climbs; the second is the peak, and what it held is not what the others did. */
OUTLINE void peaks(void)
{
    void *always = ALLOC(1 << 20, malloc(1 << 20));
    void *first = ALLOC(8 << 20, malloc(8 << 20));
    RELEASE(first, free(first));
    void *second = ALLOC(3 << 20, malloc(3 << 20));
    void *third = ALLOC(9 << 20, calloc(9, 1 << 20));
    RELEASE(second, free(second));
    void *fourth = ALLOC(2 << 20, malloc(2 << 20));
    RELEASE(third, free(third));
    for (int i = 0; i < five; i++)
        CALL_VOID(give(2 << 20));
    RELEASE(fourth, free(fourth));
    CALL_VOID(take_all());
    RELEASE(always, free(always));
}

OUTLINE void climbs(size_t n)
{
    void *p = ALLOC(n, malloc(n));
    RELEASE(p, free(p));
}

OUTLINE void falls(void **p, size_t n)
{
    if (*p) {
        RELEASE(*p, free(*p));
        *p = NULL;
    }
    CALL_VOID(climbs(n));
}

/* The first time the inner lines rise higher than ever after, but the outer ones fall; later all rise together. */
OUTLINE void falls_and_climbs(void)
{
    void *p = ALLOC(20000, malloc(20000));
    for (size_t i = 0; i < 3; i++) {
        CALL_VOID(falls(&p, 4000 - i * 500));
        void *between = ALLOC(1, malloc(1));
        RELEASE(between, free(between));
    }
}

int main(void)
{
    void *stays = ALLOC(4321, malloc(4321));
    known_hide(stays);
    CALL_VOID(inlined());
    CALL_VOID(recursion(5));
    CALL_VOID(ping(6));
    CALL_VOID(pong(3));
    CALL_VOID(callback());
    CALL_VOID(one_line());
    CALL_VOID(up_and_down());
    CALL_VOID(peaks());
    CALL_VOID(falls_and_climbs());
    return known_end(1);
}
