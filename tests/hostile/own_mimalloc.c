/* SPDX-License-Identifier: MIT */
#include <mimalloc.h>

#include "own.h"

static void mimalloc(size_t n, mi_heap_t *heap)
{
    char *p = took(mi_malloc(n), n);
    p = moved(mi_realloc(p, 2 * n), 2 * n);
    if (mi_expand(p, 2 * n - 1)) {
        moved(p, 2 * n - 1);
    }
    mi_free(gone(p));
    p = mi_zalloc(n);
    CHECK(p && !p[n - 1]);
    mi_free_size(gone(took(p, n)), n);
    p = took(mi_calloc(2, n), 2 * n);
    p = moved(mi_reallocn(p, 3, n), 3 * n);
    p = moved(mi_recalloc(p, 4, n), 4 * n);
    free(gone(p));
    p = took(mi_malloc_aligned(n, 256), n);
    CHECK(((uintptr_t)p & 255) == 0);
    p = moved(mi_realloc_aligned(p, 2 * n, 256), 2 * n);
    mi_free_aligned(gone(p), 256);
    mi_free(gone(took(mi_zalloc_aligned_at(n, 64, 0), n)));
    p = took(mi_heap_malloc(heap, n), n);
    p = moved(mi_heap_rezalloc(heap, p, 2 * n), 2 * n);
    mi_free(gone(p));
    mi_free(gone(took(mi_heap_calloc(heap, 5, n), 5 * n)));
    mi_free(gone(took(mi_new(n), n)));
    mi_free(gone(took(mi_new_n(3, n), 3 * n)));
    mi_free(gone(took(malloc(n), n)));
    mi_free(gone(took(mi_mallocn(7, n), 7 * n)));
}

int main(void)
{
    mi_heap_t *heap = mi_heap_get_default();
    for (size_t n = 1; n < 3000000; n = n * 3 + 1)
        mimalloc(n, heap);
    mi_heap_t *own = mi_heap_new();
    for (size_t n = 1; n < 300; n++) {
        char *p = took(mi_heap_malloc(own, n), n);
        if (n % 3)
            p = moved(mi_heap_realloc(own, p, 2 * n), 2 * n);
        if (n % 5 == 0)
            mi_free(p);
        releases++; /* now, or with the heap */
    }
    mi_heap_destroy(own);
    own = mi_heap_new();
    char *kept = took(mi_heap_malloc(own, 500), 500);
    mi_heap_delete(own);
    mi_free(gone(kept));
    char *grown = took(mi_new(10), 10);
    grown = moved(mi_new_realloc(grown, 1000), 1000);
    grown = moved(mi_new_reallocn(grown, 3, 1000), 3000);
    mi_free(gone(grown));
    mi_free(gone(took(mi_heap_alloc_new(heap, 88), 88)));
    char *copy = mi_strdup("hello");
    CHECK(copy && !strcmp(copy, "hello"));
    took(copy, 6);
    copy = mi_heap_strndup(heap, "hello", 3);
    CHECK(copy && !strcmp(copy, "hel"));
    mi_free(gone(took(copy, 4)));
    mi_free(NULL);
    return tell();
}
