/* SPDX-License-Identifier: MIT
 *
 * The unwinder in ordinary code: recursion, alternating call sites, frames of varying size, callbacks, longjmp, threads.
 */
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "unwind_check.h"

#define NOINLINE __attribute__((noinline))
#define KEEP(p)  __asm__ volatile("" : : "r"(p) : "memory")

static jmp_buf back;

NOINLINE static int recurse(int depth)
{
    volatile char local[24];

    local[depth % 24] = (char)depth;
    if (depth == 0) {
        check_event();
        check_event();
        return local[0];
    }
    return recurse(depth - 1) + local[depth % 24];
}

static void recursion(void)
{
    unsigned base;

    recurse(0);
    base = check_depth();
    for (int depth = 1; depth <= 5000; depth += depth < 50 ? 1 : depth / 3) {
        recurse(depth);
        CHECK(check_depth() == base + (unsigned)depth);
        CHECK(check_cut() == 0);
        CHECK(check_pc(1) == check_pc((unsigned)depth - 1) || depth < 3);
    }
    for (int depth = 60; depth > 0; depth--) {
        recurse(depth);
        CHECK(check_depth() == base + (unsigned)depth);
    }
}

NOINLINE static void leaf(void)
{
    check_event();
    KEEP(&back);
}

NOINLINE static void inner(int depth)
{
    if (depth > 0)
        inner(depth - 1);
    else
        leaf();
    KEEP(&depth);
}

/* The same inner frames at the same addresses, called from two lines of a frame further out. */
NOINLINE static void two_lines(int depth)
{
    uintptr_t first;

    inner(depth);
    first = check_pc((unsigned)depth + 2);
    inner(depth);
    CHECK(first != 0 && first != check_pc((unsigned)depth + 2));
}

static void alternating(void)
{
    for (int round = 0; round < 50; round++)
        for (int depth = 0; depth < 20; depth++)
            two_lines(depth);
}

NOINLINE static void varying(int bytes)
{
    char *room = alloca((size_t)bytes);

    memset(room, bytes, (size_t)bytes);
    check_event();
    KEEP(room);
    if (bytes > 200)
        varying(bytes / 2);
    check_event();
    KEEP(room);
}

NOINLINE static void large(int depth)
{
    char room[120000];

    memset(room, depth, sizeof room);
    KEEP(room);
    check_event();
    if (depth > 0)
        large(depth - 1);
    check_event();
    KEEP(room);
}

NOINLINE static void aligned(int depth)
{
    _Alignas(64) char room[128];
    char *more = alloca((size_t)depth * 16 + 1);

    room[0] = more[0] = (char)depth;
    KEEP(room);
    KEEP(more);
    check_event();
    if (depth > 0)
        aligned(depth - 1);
    check_event();
    KEEP(room);
}

static int compare(const void *a, const void *b)
{
    check_event();
    return *(const int *)a - *(const int *)b;
}

static void callbacks(void)
{
    int values[60];

    for (int i = 0; i < 60; i++)
        values[i] = i * 37 % 61;
    qsort(values, 60, sizeof values[0], compare);
    CHECK(bsearch(&values[7], values, 60, sizeof values[0], compare) == &values[7]);
}

NOINLINE static void jump(int depth)
{
    check_event();
    if (depth > 0)
        jump(depth - 1);
    if (depth >= 0)
        longjmp(back, 1);
}

static void jumps(void)
{
    for (volatile int i = 0; i < 30; i++)
        if (setjmp(back) == 0)
            jump(i);
        else
            check_event();
}

/* A random walk over call shapes, so that frames of all kinds follow each other. */
static __thread uint64_t seed;

static unsigned draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33);
}

static void wander(int depth);

NOINLINE static void wander_small(int depth)
{
    wander(depth);
    KEEP(&depth);
}

NOINLINE static void wander_alloca(int depth)
{
    char *room = alloca(draw() % 500 + 1);

    KEEP(room);
    wander(depth);
    check_event();
    KEEP(room);
}

NOINLINE static int wander_many(int a, int b, int c, int d, int e, int f, int g, int depth)
{
    wander(depth);
    check_event();
    return a + b * c - d * e + f * g + depth;
}

NOINLINE static void wander_aligned(int depth)
{
    _Alignas(64) char room[64];

    KEEP(room);
    wander(depth);
    KEEP(room);
}

static int wander_compare(const void *a, const void *b)
{
    (void)b;
    wander(*(const int *)a);
    return 0;
}

NOINLINE static void wander(int depth)
{
    int pair[2] = {depth - 1, depth - 1};

    check_event();
    if (depth <= 0)
        return;
    switch (draw() % 6) {
    case 0:
        wander_small(depth - 1);
        wander_small(depth - 1);
        break;
    case 1:
        wander_alloca(depth - 1);
        break;
    case 2:
        KEEP(wander_many(1, 2, 3, 4, 5, 6, 7, depth - 1));
        wander_small(depth - 2);
        break;
    case 3:
        wander_aligned(depth - 1);
        break;
    case 4:
        qsort(pair, 2, sizeof pair[0], wander_compare);
        break;
    default:
        wander(depth - 1);
        wander(depth - 3);
    }
    check_event();
}

static void *thread_main(void *argument)
{
    seed = (uintptr_t)argument;
    for (int i = 0; i < 20; i++)
        wander(12);
    alternating();
    varying(20000);
    CHECK(check_full_captures() == 0);
    check_thread_exit();
    return NULL;
}

static void threads(void)
{
    pthread_t thread[8];

    for (uintptr_t i = 0; i < 8; i++)
        CHECK(pthread_create(&thread[i], NULL, thread_main, (void *)(i + 1)) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
}

int main(void)
{
    recursion();
    alternating();
    varying(50000);
    large(5);
    for (int i = 0; i < 10; i++)
        aligned(i);
    callbacks();
    jumps();
    for (int i = 0; i < 40; i++)
        wander(12);
    threads();
    CHECK(check_events() > 10000);
    CHECK(check_full_captures() == 0);
    return check_done();
}
