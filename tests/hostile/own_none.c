/* SPDX-License-Identifier: MIT
 *
 * Weak references to what no library of this program has: without us it does nothing; with us it finds
 * functions, and they work.
 */
#include "own.h"

void *mallocx(size_t, int) __attribute__((weak));
void *rallocx(void *, size_t, int) __attribute__((weak));
size_t xallocx(void *, size_t, size_t, int) __attribute__((weak));
void dallocx(void *, int) __attribute__((weak));
size_t sallocx(const void *, int) __attribute__((weak));
int mallctl(const char *, void *, size_t *, void *, size_t) __attribute__((weak));
void *mi_rezalloc_aligned(void *, size_t, size_t) __attribute__((weak));
void *tc_new(size_t) __attribute__((weak));
void tc_delete(void *) __attribute__((weak));

int main(void)
{
    uint64_t sum = 0;
    CHECK(!sallocx && !mallctl);
    if (mallocx) {
        char *p = mallocx(1000, 10 | 0x40);
        for (int i = 0; i < 1000; i++)
            sum += (unsigned char)p[i];
        CHECK(!sum && ((uintptr_t)p & 1023) == 0);
        p = rallocx(p, 5000, 0);
        CHECK(xallocx(p, 100, 0, 0) >= 5000);
        dallocx(p, 0);
        p = mi_rezalloc_aligned(NULL, 500, 512);
        memset(p, 7, 500);
        p = mi_rezalloc_aligned(p, 50000, 512);
        CHECK(p[499] == 7 && !p[49999] && ((uintptr_t)p & 511) == 0);
        free(p);
        tc_delete(tc_new(77));
        allocated = 0;
    }
    took(malloc(100), 100);
    return tell();
}
