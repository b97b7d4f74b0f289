/* SPDX-License-Identifier: MIT
 *
 * The floor for the benchmark: a preload that only forwards.
 */
#include <dlfcn.h>
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);

static void find(void *at, const char *name)
{
    *(void **)at = dlsym(RTLD_NEXT, name);
}

EXPORT void *malloc(size_t bytes)
{
    if (__builtin_expect(!real_malloc, 0))
        find(&real_malloc, "malloc");
    return real_malloc(bytes);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    if (__builtin_expect(!real_calloc, 0))
        find(&real_calloc, "calloc");
    return real_calloc(count, bytes);
}

EXPORT void *realloc(void *block, size_t bytes)
{
    if (__builtin_expect(!real_realloc, 0))
        find(&real_realloc, "realloc");
    return real_realloc(block, bytes);
}

EXPORT void free(void *block)
{
    if (__builtin_expect(!real_free, 0))
        find(&real_free, "free");
    real_free(block);
}

EXPORT int posix_memalign(void **out, size_t align, size_t bytes)
{
    if (__builtin_expect(!real_posix_memalign, 0))
        find(&real_posix_memalign, "posix_memalign");
    return real_posix_memalign(out, align, bytes);
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
    if (__builtin_expect(!real_aligned_alloc, 0))
        find(&real_aligned_alloc, "aligned_alloc");
    return real_aligned_alloc(align, bytes);
}
