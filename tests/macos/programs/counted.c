/* SPDX-License-Identifier: MIT
 *
 * Allocates as often as it is told, by both functions.
 */
#include <stdio.h>
#include <stdlib.h>

extern void *malloc_type_malloc(size_t, unsigned long long) __attribute__((weak_import));

int main(int argc, char **argv)
{
    for (int i = argc < 2 ? 0 : atoi(argv[1]); i > 0; i--) {
        void *volatile block = malloc(10); /* not left out */
        free(block);
        block = malloc_type_malloc ? malloc_type_malloc(10, 1) : NULL;
        free(block);
    }
    return 0;
}
