/* SPDX-License-Identifier: MIT
 *
 * A small inserted library: counts what is allocated, and says so at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *malloc_type_malloc(size_t, unsigned long long) __attribute__((weak_import));
extern int no_such_function(void) __attribute__((weak_import));

static unsigned allocated, released, typed;

static void *count_malloc(size_t bytes)
{
    __atomic_add_fetch(&allocated, 1, __ATOMIC_RELAXED);
    return malloc(bytes);
}

static void count_free(void *block)
{
    if (block)
        __atomic_add_fetch(&released, 1, __ATOMIC_RELAXED);
    free(block);
}

static void *count_typed(size_t bytes, unsigned long long type)
{
    __atomic_add_fetch(&typed, 1, __ATOMIC_RELAXED);
    return malloc_type_malloc(bytes, type);
}

struct tuple {
    const void *replacement, *replacee;
};
__attribute__((used, section("__DATA,__interpose"))) const struct tuple tuples[] = {
    {(const void *)count_malloc, (const void *)malloc},
    {(const void *)count_free, (const void *)free},
    {(const void *)count_typed, (const void *)malloc_type_malloc},
};

__attribute__((constructor)) static void begin(void)
{
    dprintf(2, "inserted: begins, typed malloc is %s\n",
            malloc_type_malloc ? "there" : "not there");
}

__attribute__((destructor)) static void end(void)
{
    dprintf(2, "inserted: %u allocated, %u released, %u typed\n", allocated, released, typed);
}
