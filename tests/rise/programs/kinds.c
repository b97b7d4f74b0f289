/* SPDX-License-Identifier: MIT
 * Every way to get memory that is one event: calloc, realloc up and down, aligned, strdup, mappings. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void vector(int count)
{
    FRAME;
    for (int i = 1, cap = 4; i < count; i++) if (i >= cap) { cap *= 2; GROW(0, cap * 8); }
    GROW(0, 16); FREE(0);
}

static NOINLINE void strings(int count)
{
    FRAME;
    char text[64] = "a text";
    for (int i = 0; i < count; i++) { memset(text, 'x', i); text[i] = 0; char *p = strdup(text); GOT(p, i + 1); if (i % 4) { free(p); GAVE(i + 1); } }
}

static NOINLINE void zeroed(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { void *p = calloc(i + 1, 8); GOT(p, (i + 1) * 8); void *q = aligned_alloc(64, 128); GOT(q, 128); free(p); GAVE((i + 1) * 8); if (i % 2) { free(q); GAVE(128); } }
}

static NOINLINE void mapped(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        size_t bytes = 4096 * (size_t)(i + 1);
        void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); GOT(p, bytes); if (i % 3) { munmap(p, bytes); GAVE(bytes); }
        void *q = malloc(100); GOT(q, 100); p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); GOT(p, 8192);
        munmap(p, 8192); GAVE(8192); free(q); GAVE(100);
    }
}

void program(void)
{
    FRAME;
    CALL(vector(300)); CALL(strings(50));
    CALL(zeroed(30)); CALL(mapped(9)); CALL(vector(10));
    CALL(mapped(2));
}
