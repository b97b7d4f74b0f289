/* SPDX-License-Identifier: MIT
 *
 * Of another module. */
#include <stdlib.h>

void *other_take(size_t n);
void *other_plain(size_t n);
extern void *volatile other_kept;
void *volatile other_kept;

void *other_take(size_t n)
{
    return malloc(n + 10); /* jump other_take */
}

void *other_plain(size_t n)
{
    other_kept = malloc(n + 11); /* jump other_plain */
    return other_kept;
}
