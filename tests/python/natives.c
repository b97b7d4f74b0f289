/* SPDX-License-Identifier: MIT
 *
 * Two ways of the same shape to one allocation, for ctypes: stacks that differ in a return address only.
 */
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static void take(size_t bytes)
{
    void *volatile block = malloc(bytes);
    free(block);
}

NOINLINE void path_a(int count)
{
    for (int i = 0; i < count; i++)
        take(1000);
}

NOINLINE void path_b(int count)
{
    for (int i = 0; i < count; i++)
        take(3000);
}
