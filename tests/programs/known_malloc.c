/* SPDX-License-Identifier: MIT
 *
 * Every function of the malloc family: sizes as requested, zero sizes, in place and moved, failed calls that change
 * nothing, errno as the real function leaves it.
 */
#include <dlfcn.h>
#include <malloc.h>

#include "known.h"

/* Values that the compiler can't see through, so that it neither warns nor leaves calls out. */
static volatile size_t huge = SIZE_MAX / 2 + 1, half = SIZE_MAX / 2, none = 0;
static void *volatile sink;

typedef void free_function(void *);
typedef void free_sized_function(void *, size_t);
typedef void free_aligned_sized_function(void *, size_t, size_t);

static void plain(void)
{
    errno = 4711;
    char *p = ALLOC(1000, malloc(1000));
    char *q = ALLOC(7 * 13, calloc(7, 13));
    for (int i = 0; i < 7 * 13; i++)
        CHECK(q[i] == 0);
    RELEASE(p, free(p));
    RELEASE(q, free(q));
    free(NULL);
    CHECK(errno == 4711);
    void *kept = ALLOC(12345, malloc(12345)); /* never released */
    sink = kept;
}

static void big(void)
{
    /* Above any threshold, from a mapping of the allocator's own, which is not the program's. */
    char *p = ALLOC(64 << 20, malloc(64 << 20));
    p[0] = 1;
    p = MOVE(p, 96 << 20, realloc(p, 96 << 20));
    CHECK(p[0] == 1);
    RELEASE(p, free(p));
}

static void zero(void)
{
    void *p = ALLOC(0, malloc(none));
    void *q = ALLOC(0, calloc(none, 8));
    void *r = ALLOC(0, realloc(NULL, none));
    CHECK(p && q && r && p != q && q != r);
    RELEASE(p, free(p));
    RELEASE(q, free(q));
    RELEASE(r, free(r));
}

static void moved(void)
{
    char *p = ALLOC(100, realloc(NULL, 100));
    memset(p, 'a', 100);
    uintptr_t before = (uintptr_t)p;
    p = MOVE(p, 104, realloc(p, 104));
    CHECK((uintptr_t)p == before); /* in place: glibc's chunk has room for it */
    char *wall = ALLOC(64, malloc(64));
    p = MOVE(p, 50000, realloc(p, 50000));
    CHECK((uintptr_t)p != before && p[99] == 'a');
    p = MOVE(p, 10, realloc(p, 10));
    CHECK(p[9] == 'a');
    p = MOVE(p, 20 * 30, reallocarray(p, 20, 30));
    void *gone = MOVE(p, 0, realloc(p, none));
    if (gone) /* musl: a block without bytes */
        RELEASE(gone, free(gone));
    RELEASE(wall, free(wall));
    char *a = ALLOC(3 * 5, reallocarray(NULL, 3, 5));
    RELEASE(a, free(a));
    /* In a loop: one line with many allocations and as many releases. */
    char *growing = NULL;
    for (size_t n = 1; n <= 64; n++)
        growing = MOVE(growing, n * 100, realloc(growing, n * 100));
    RELEASE(growing, free(growing));
}

/* posix_memalign returns its block through a pointer. */
static void *by_posix_memalign(size_t align, size_t bytes)
{
    void *p = NULL;
    p = ALLOC(bytes, posix_memalign(&p, align, bytes) ? NULL : p);
    return p;
}

static void aligned_all(void)
{
    errno = 4711;
    void *p = CALL(by_posix_memalign(256, 1001));
    CHECK((uintptr_t)p % 256 == 0);
    void *q = ALLOC(1024, aligned_alloc(512, 1024));
    CHECK((uintptr_t)q % 512 == 0);
    void *r = ALLOC(77, memalign(128, 77));
    CHECK((uintptr_t)r % 128 == 0);
    void *s = ALLOC(100, valloc(100));
    CHECK((uintptr_t)s % 4096 == 0);
    void *t = ALLOC(5000, pvalloc(5000)); /* the requested size, not the whole pages */
    CHECK((uintptr_t)t % 4096 == 0);
    CHECK(errno == 4711);
    RELEASE(p, free(p));
    RELEASE(q, free(q));
    RELEASE(r, free(r));
    RELEASE(s, free(s));
    RELEASE(t, free(t));
}

static void failed(void)
{
    char *p = ALLOC(500, malloc(500));
    memset(p, 'x', 500);
    errno = 0;
    CHECK(!ALLOC(huge, malloc(huge)) && errno == ENOMEM);
    errno = 0;
    CHECK(!ALLOC(0, calloc(half, 4)) && errno == ENOMEM);
    errno = 0;
    CHECK(!MOVE(p, huge, realloc(known_hide(p), huge)) && errno == ENOMEM);
    errno = 0;
    CHECK(!MOVE(p, 1, reallocarray(known_hide(p), half, 4)) && errno == ENOMEM);
    errno = 0;
    CHECK(!ALLOC(huge, aligned_alloc(64, huge)) && errno == ENOMEM);
    errno = 0;
    CHECK(!ALLOC(huge, memalign(64, huge)) && errno == ENOMEM);
    errno = 0;
    CHECK(!ALLOC(huge, valloc(huge)) && errno == ENOMEM);
    errno = 0;
    CHECK(!ALLOC(huge, pvalloc(huge)) && errno == ENOMEM);
    void *untouched = p;
    errno = 4711;
    CHECK(posix_memalign(&untouched, 3, 100) == EINVAL && untouched == p && errno == 4711);
    CHECK(posix_memalign(&untouched, 64, huge) == ENOMEM && untouched == p);
    for (int i = 0; i < 500; i++)
        CHECK(p[i] == 'x');
    RELEASE(p, free(p));
}

/* Releases that C23 or old libraries know: used when there is one, which under the tracker is always so. */
static void released_otherwise(void)
{
    free_function *cfree_ = (free_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "cfree");
    free_sized_function *sized =
        (free_sized_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "free_sized");
    free_aligned_sized_function *aligned_sized =
        (free_aligned_sized_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "free_aligned_sized");
    if (!cfree_ || !sized || !aligned_sized) {
        CHECK(!getenv("KNOWN_TRACED"));
        return;
    }
    errno = 4711;
    void *p = ALLOC(111, malloc(111));
    void *q = ALLOC(222, malloc(222));
    void *r = ALLOC(320, aligned_alloc(64, 320));
    RELEASE(p, cfree_(p));
    RELEASE(q, sized(q, 222));
    RELEASE(r, aligned_sized(r, 64, 320));
    sized(NULL, 0);
    aligned_sized(NULL, 64, 0);
    cfree_(NULL);
    CHECK(errno == 4711);
}

int main(void)
{
    CALL_VOID(plain());
    CALL_VOID(big());
    CALL_VOID(zero());
    CALL_VOID(moved());
    CALL_VOID(aligned_all());
    CALL_VOID(failed());
    CALL_VOID(released_otherwise());
    return known_end(1);
}
