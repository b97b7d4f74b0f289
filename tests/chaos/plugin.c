/* SPDX-License-Identifier: MIT
 *
 * A library for dlopen: it allocates in its constructor, its destructor and a thread-local variable.
 */
#include <stdint.h>
#include <stdlib.h>

uint64_t plugin_work(unsigned rounds);

static void *kept;
static __thread char local[2000];

__attribute__((constructor)) static void come(void)
{
    kept = malloc(777);
}

__attribute__((destructor)) static void go(void)
{
    free(kept);
    free(calloc(3, 333));
}

__attribute__((noinline)) uint64_t plugin_work(unsigned rounds)
{
    uint64_t sum = 0;
    for (unsigned i = 1; i <= rounds; i++) {
        char *p = malloc(i * 10);
        if (p)
            *(volatile char *)p = local[i] = 1;
        sum += i * 10;
        free(p);
    }
    return sum;
}
