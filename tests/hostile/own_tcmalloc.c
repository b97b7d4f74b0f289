/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <gperftools/tcmalloc.h>

#include "own.h"

/* The header has these for C++ only. */
void *tc_new(size_t);
void *tc_newarray(size_t);
void *tc_new_nothrow(size_t, const void *);
void tc_delete(void *);
void tc_deletearray_sized(void *, size_t);

static void tcmalloc(size_t n)
{
    void *p = took(tc_malloc(n), n), *q = NULL;
    CHECK(tc_malloc_size(p) >= n);
    p = moved(tc_realloc(p, 3 * n), 3 * n);
    CHECK(tc_realloc(gone(p), 0) == NULL);
    p = took(tc_calloc(3, n), 3 * n);
    tc_cfree(gone(p));
    p = took(tc_memalign(128, n), n);
    tc_free(gone(p));
    CHECK(tc_posix_memalign(&q, 64, n) == 0);
    tc_free_sized(gone(took(q, n)), n);
    CHECK(tc_posix_memalign(&q, 3, n) == EINVAL);
    tc_free(gone(took(tc_valloc(n), n)));
    tc_delete(gone(took(tc_new(n), n)));
    tc_deletearray_sized(gone(took(tc_newarray(n), n)), n);
    tc_delete(gone(took(tc_new_nothrow(n, NULL), n)));
    free(gone(took(tc_malloc_skip_new_handler(n), n)));
    tc_free(gone(took(malloc(n), n)));
}

int main(void)
{
    for (size_t n = 1; n < 3000000; n = n * 3 + 1)
        tcmalloc(n);
    took(tc_malloc(1234), 1234);
    tc_free(NULL);
    return tell();
}
