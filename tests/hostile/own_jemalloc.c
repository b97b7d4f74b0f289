/* SPDX-License-Identifier: MIT */
#include <jemalloc/jemalloc.h>

#include "own.h"

static void jemalloc(size_t n)
{
    char *p = took(mallocx(n, 0), n), *q;
    p = moved(rallocx(p, 2 * n, 0), 2 * n);
    sdallocx(gone(p), 2 * n, 0);
    p = took(mallocx(n, MALLOCX_ALIGN(256) | MALLOCX_TCACHE_NONE), n);
    CHECK(((uintptr_t)p & 255) == 0);
    dallocx(gone(p), MALLOCX_TCACHE_NONE);
    q = mallocx(n, MALLOCX_ZERO);
    CHECK(q && !q[0] && !q[n - 1]);
    free(gone(took(q, n)));
    p = took(malloc(n), n);
    size_t had = sallocx(p, 0), most = nallocx(4 * n, 0);
    size_t has = xallocx(p, 2 * n, 2 * n, 0);
    CHECK(has >= n && most >= 4 * n);
    if (has != had) {
        allocations++;
        releases++;
        allocated += has < 4 * n ? has : 4 * n;
    }
    dallocx(gone(p), 0);
}

int main(void)
{
    void *eight[100];
    for (size_t n = 1; n < 3000000; n = n * 3 + 1)
        jemalloc(n);
    for (int i = 0; i < 100; i++) /* neighbours of 8 bytes */
        eight[i] = took(i % 2 ? malloc(8) : mallocx(8, 0), 8);
    for (int i = 0; i < 90; i++)
        free(gone(eight[i]));
    uint64_t epoch = 1;
    size_t bytes = sizeof epoch;
    CHECK(mallctl("epoch", &epoch, &bytes, &epoch, bytes) == 0);
    unsigned arena; /* maps, in none of the functions that allocate */
    bytes = sizeof arena;
    CHECK(mallctl("arenas.create", &arena, &bytes, NULL, 0) == 0);
    return tell();
}
