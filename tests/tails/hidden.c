/* SPDX-License-Identifier: MIT
 *
 * Without debug information. */
#include <stdlib.h>

void *hidden_take(size_t n);

void *hidden_take(size_t n)
{
    return malloc(n + 12);
}
