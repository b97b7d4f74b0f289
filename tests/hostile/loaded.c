/* SPDX-License-Identifier: MIT
 *
 * A library that comes and goes. Built several times, with NAME first in its functions' names.
 */
#include <stdlib.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

void *JOIN(NAME, _make)(size_t);
void JOIN(NAME, _drop)(void *);

static void *kept;

static __attribute__((constructor)) void JOIN(NAME, _begin)(void)
{
    kept = malloc(1000);
}

static __attribute__((destructor)) void JOIN(NAME, _end)(void)
{
    free(kept);
}

void *JOIN(NAME, _make)(size_t bytes)
{
    void *volatile block = malloc(bytes);
    return block;
}

void JOIN(NAME, _drop)(void *block)
{
    free(block);
}
