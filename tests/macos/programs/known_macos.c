/* SPDX-License-Identifier: MIT
 *
 * macOS's own ways to allocate: the malloc family, zones, typed malloc, Mach's mappings. See known.h.
 */
#include <mach/mach.h>
#include <malloc/malloc.h>
#include <sys/mman.h>

#include "../../programs/known_pages.h"

#define P       4096ul
#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANON)

/* As the compiler calls them for macOS 14 and later. */
typedef unsigned long long type;
extern void *malloc_type_malloc(size_t, type) __attribute__((weak_import));
extern void *malloc_type_calloc(size_t, size_t, type) __attribute__((weak_import));
extern void *malloc_type_realloc(void *, size_t, type) __attribute__((weak_import));
extern void *malloc_type_valloc(size_t, type) __attribute__((weak_import));
extern void *malloc_type_aligned_alloc(size_t, size_t, type) __attribute__((weak_import));
extern void malloc_type_free(void *, type) __attribute__((weak_import));
extern void *malloc_type_zone_malloc(malloc_zone_t *, size_t, type) __attribute__((weak_import));
extern void malloc_type_zone_free(malloc_zone_t *, void *, type) __attribute__((weak_import));

static volatile size_t huge = SIZE_MAX / 2 + 1;
static void *volatile sink;

static void plain(void)
{
    errno = 4711;
    char *p = ALLOC(1000, malloc(1000));
    char *q = ALLOC(7 * 13, calloc(7, 13));
    p = MOVE(p, 70000, realloc(p, 70000));
    p = MOVE(p, 500, reallocf(p, 500));
    void *v = ALLOC(100, valloc(100));
    void *a = ALLOC(1024, aligned_alloc(512, 1024));
    CHECK((uintptr_t)v % P == 0 && (uintptr_t)a % 512 == 0);
    RELEASE(p, free(p));
    RELEASE(q, free(q));
    RELEASE(v, free(v));
    RELEASE(a, free(a));
    free(NULL);
    CHECK(errno == 4711);
    sink = ALLOC(12345, malloc(12345)); /* never released */
}

static void *by_posix_memalign(size_t align, size_t bytes)
{
    void *p = NULL;
    p = ALLOC(bytes, posix_memalign(&p, align, bytes) ? NULL : p);
    return p;
}

static void failed(void)
{
    char *p = ALLOC(500, malloc(500));
    errno = 0;
    CHECK(!ALLOC(huge, malloc(huge)) && errno == ENOMEM);
    errno = 0;
    CHECK(!MOVE(p, huge, realloc(known_hide(p), huge)) && errno == ENOMEM);
    RELEASE(p, free(p));
    char *q = ALLOC(600, malloc(600));
    /* Where it fails it gives the block back. */
    RELEASE(q, sink = reallocf(known_hide(q), huge));
    CHECK(!sink);
    void *r = CALL(by_posix_memalign(256, 1001));
    RELEASE(r, free(r));
}

#define BATCH 5
#define ALLOC_ALL(list, n, bytes, expression)                                                      \
    for (unsigned known_i = 0, known_n = (expression); known_i < known_n; known_i++)               \
    known_change(KNOWN_AT, NULL, (list)[known_i], bytes)
#define RELEASE_ALL(list, n, expression)                                                           \
    do {                                                                                           \
        for (unsigned known_i = 0; known_i < (n); known_i++)                                       \
            known_change(KNOWN_AT, (list)[known_i], NULL, 0);                                      \
        expression;                                                                                \
        known_stay();                                                                              \
    } while (0)

static void zones(malloc_zone_t *zone)
{
    void *list[BATCH];
    char *p = ALLOC(333, malloc_zone_malloc(zone, 333));
    char *q = ALLOC(9 * 9, malloc_zone_calloc(zone, 9, 9));
    p = MOVE(p, 44444, malloc_zone_realloc(zone, p, 44444));
    void *v = ALLOC(55, malloc_zone_valloc(zone, 55));
    void *a = ALLOC(66, malloc_zone_memalign(zone, 256, 66));
    CHECK((uintptr_t)a % 256 == 0 && q[80] == 0);
    ALLOC_ALL(list, BATCH, 64, malloc_zone_batch_malloc(zone, 64, list, BATCH));
    RELEASE(p, malloc_zone_free(zone, p));
    RELEASE(q, malloc_zone_free(zone, q));
    RELEASE(v, malloc_zone_free(zone, v));
    RELEASE(a, malloc_zone_free(zone, a));
    RELEASE_ALL(list, BATCH, malloc_zone_batch_free(zone, list, BATCH));
}

static void own_zone(void)
{
    malloc_zone_t *zone = malloc_create_zone(0, 0);
    CALL_VOID(zones(zone));
    void *p = ALLOC(777, malloc_zone_malloc(zone, 777));
    RELEASE(p, malloc_zone_free(zone, p));
    malloc_destroy_zone(zone);
}

static void typed(void)
{
    malloc_zone_t *zone = malloc_default_zone();
    if (!malloc_type_malloc)
        return;
    char *p = ALLOC(222, malloc_type_malloc(222, 1));
    char *q = ALLOC(3 * 111, malloc_type_calloc(3, 111, 1));
    p = MOVE(p, 3333, malloc_type_realloc(p, 3333, 1));
    void *v = ALLOC(99, malloc_type_valloc(99, 1));
    void *a = ALLOC(512, malloc_type_aligned_alloc(256, 512, 1));
    void *z = ALLOC(88, malloc_type_zone_malloc(zone, 88, 1));
    RELEASE(p, malloc_type_free(p, 1));
    RELEASE(q, free(q));
    RELEASE(v, free(v));
    RELEASE(a, malloc_type_free(a, 1));
    RELEASE(z, malloc_type_zone_free(zone, z, 1));
}

static void mappings(void)
{
    errno = 4711;
    char *a = MAP(KNOWN_ANON, 20 * P, 0, mmap(NULL, 20 * P, RW, PRIVATE, -1, 0));
    void *b = MAP(KNOWN_ANON, 5000, 0, mmap(NULL, 5000, RW, PRIVATE, -1, 0)); /* as requested */
    void *c = MAP(KNOWN_SHARED, 3 * P, 0, mmap(NULL, 3 * P, RW, MAP_SHARED | MAP_ANON, -1, 0));
    char *d = MAP(KNOWN_RESERVED, 64 * P, 0, mmap(NULL, 64 * P, PROT_NONE, PRIVATE, -1, 0));
    CHECK(UNMAP(a + 9 * P, P, munmap(a + 9 * P, P)) == 0);
    CHECK(UNMAP(a, 20 * P, munmap(a, 20 * P)) == 0); /* both rests, and the hole */
    CHECK(UNMAP(b, 5000, munmap(b, 5000)) == 0);
    CHECK(PROTECT(KNOWN_ANON, d + P, 8 * P, mprotect(d + P, 8 * P, RW)) == 0);
    CHECK(PROTECT(KNOWN_RESERVED, d + 2 * P, P, mprotect(d + 2 * P, P, PROT_NONE)) == 0);
    CHECK(UNMAP(d, 64 * P, munmap(d, 64 * P)) == 0);
    CHECK(!KNOWN_FAILED(c) && errno == 4711); /* it stays */
}

static void by_mach(void)
{
    vm_address_t at = 0;
    mach_port_t task = mach_task_self();
    int how = VM_FLAGS_ANYWHERE;
    char *p = MAP(KNOWN_ANON, 7 * P, 0, (void *)(vm_allocate(task, &at, 7 * P, how) ? ~0ul : at));
    CHECK(UNMAP(p, 3 * P, vm_deallocate(task, (vm_address_t)p, 3 * P)) == KERN_SUCCESS);
    p = p + 3 * P;
    CHECK(UNMAP(p, 4 * P, munmap(p, 4 * P)) == 0);
}

int main(void)
{
    CALL_VOID(plain());
    CALL_VOID(failed());
    CALL_VOID(zones(malloc_default_zone()));
    CALL_VOID(own_zone());
    CALL_VOID(typed());
    CALL_VOID(mappings());
    CALL_VOID(by_mach());
    return known_end(1);
}
