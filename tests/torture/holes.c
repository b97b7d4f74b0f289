/* SPDX-License-Identifier: MIT
 *
 * A program of one thread makes holes in a range of its own, does a lot, and then unmaps or maps over the range as a whole.
 * Nobody may have put anything into the holes.
 */
#include <sys/mman.h>

#include "torture.h"

enum { PAGE = 4096, PAGES = 8192, DEPTH = 11 };

static void *kept[1 << DEPTH];
static unsigned used;

/* 2^DEPTH different stacks, so that the tracker's tables and its log grow. */
NOINLINE static void branch(unsigned depth)
{
    if (!depth) {
        kept[used++] = take(100);
        return;
    }
    branch(depth - 1);
    __asm__ volatile("" ::: "memory");
    branch(depth - 1);
    __asm__ volatile("" ::: "memory");
}

static void work(void)
{
    used = 0;
    branch(DEPTH);
    while (used)
        give(kept[--used]);
}

static char *range(void)
{
    char *at = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

/* A hole of 1 page, a page, a hole of 2, a page, a hole of 4, ... */
static void each_hole(char *at, void (*what)(char *, size_t))
{
    size_t page = 1;
    for (size_t pages = 1; page + pages + 1 < PAGES; pages *= 2) {
        what(at + page * PAGE, pages * PAGE);
        page += pages + 1;
    }
}

static void make(char *at, size_t bytes)
{
    CHECK(munmap(at, bytes) == 0);
}

static void empty(char *at, size_t bytes)
{
    unsigned char resident;
    for (size_t i = 0; i < bytes; i += PAGE)
        CHECK(mincore(at + i, 1, &resident) == -1 && errno == ENOMEM);
}

int main(void)
{
    char *unmapped = range(), *replaced = range();
    each_hole(unmapped, make);
    each_hole(replaced, make);
    work();
    each_hole(unmapped, empty);
    each_hole(replaced, empty);
    CHECK(munmap(unmapped, (size_t)PAGES * PAGE) == 0);
    CHECK(mmap(replaced, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == replaced);
    work();
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
