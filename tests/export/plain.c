/* SPDX-License-Identifier: MIT
 *
 * Known figures: 3 blocks of 1,000,000 bytes are held at the peak, two of them by keep() and one by give_back(), which releases it;
 * then 10,000 temporaries of 100 bytes each, and 1 block of 5,000 bytes that is left. Names with what formats take for syntax.
 */
#include <stdlib.h>

#include "../../interpose/memtrace.h"

static void *volatile kept[3];

static __attribute__((noinline)) void keep(int i)
{
    kept[i] = malloc(1000000); /* KEEP */
}

static __attribute__((noinline)) void give_back(void)
{
    void *volatile block = malloc(1000000); /* GIVE */
    free(block);
}

static __attribute__((noinline)) void temporaries(void)
{
    for (int i = 0; i < 10000; i++) {
        void *volatile block = malloc(100); /* TEMPORARY */
        free(block);
    }
}

static __attribute__((noinline)) void recurse(int depth)
{
    if (depth)
        recurse(depth - 1);
    else
        kept[2] = malloc(5000); /* DEEP */
    __asm__ volatile("" ::: "memory");
}

/* With a number as argument: recursion as deep as that, which allocates at each level. */
static __attribute__((noinline)) int deeper(int depth)
{
    kept[0] = malloc(10);
    return depth ? deeper(depth - 1) + 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return deeper(atoi(argv[1])) == 0;
    keep(0);     /* ONE */
    keep(1);     /* TWO */
    give_back(); /* BACK */
    free(kept[0]);
    if (memtrace_mark)
        memtrace_mark("half way");
    temporaries();
    recurse(20);
    return 0;
}
