/* SPDX-License-Identifier: MIT
 *
 * A preloaded library that only counts: successful allocations and releases, each call of the malloc family and of operator
 * new and delete once, however they call each other. An independent opinion on what the tracker must count; it shares no
 * code with it, and not the list of functions either.
 *
 * COUNT_OUTPUT names a folder. Each process (and each program it becomes by exec) makes a file PROGRAM.PID.N there, mapped
 * shared so that it is right however the process ends: two 64-bit integers, allocations and releases.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct counts {
    uint64_t allocations;
    uint64_t releases;
};

static struct counts *counts;   /* of this process, or NULL */
static struct counts no_counts; /* if there is no file */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
/* volatile: glibc declares its functions "leaf", as if none of them would ever call malloc here. */
static __thread volatile int depth __attribute__((tls_model("initial-exec")));
static __thread volatile bool finding __attribute__((tls_model("initial-exec")));

/* The originals: name, result, parameters, arguments. */
#define FUNCTIONS(X)                                                                               \
    /* jemalloc's own, which redis calls since version 8 */                                        \
    X(mallocx, void *, (size_t n, int flags), (n, flags))                                          \
    X(rallocx, void *, (void *p, size_t n, int flags), (p, n, flags))                              \
    X(dallocx, void, (void *p, int flags), (p, flags))                                             \
    X(malloc, void *, (size_t n), (n))                                                             \
    X(calloc, void *, (size_t k, size_t n), (k, n))                                                \
    X(realloc, void *, (void *p, size_t n), (p, n))                                                \
    X(reallocarray, void *, (void *p, size_t k, size_t n), (p, k, n))                              \
    X(free, void, (void *p), (p))                                                                  \
    X(posix_memalign, int, (void **out, size_t a, size_t n), (out, a, n))                          \
    X(aligned_alloc, void *, (size_t a, size_t n), (a, n))                                         \
    X(memalign, void *, (size_t a, size_t n), (a, n))                                              \
    X(valloc, void *, (size_t n), (n))                                                             \
    X(pvalloc, void *, (size_t n), (n))
#define NEWS(X)                                                                                    \
    X(_Znwm, (size_t n), (n))                                                                      \
    X(_Znam, (size_t n), (n))                                                                      \
    X(_ZnwmRKSt9nothrow_t, (size_t n, const void *t), (n, t))                                      \
    X(_ZnamRKSt9nothrow_t, (size_t n, const void *t), (n, t))                                      \
    X(_ZnwmSt11align_val_t, (size_t n, size_t a), (n, a))                                          \
    X(_ZnamSt11align_val_t, (size_t n, size_t a), (n, a))                                          \
    X(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const void *t), (n, a, t))          \
    X(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const void *t), (n, a, t))
#define DELETES(X)                                                                                 \
    X(_ZdlPv, (void *p), (p))                                                                      \
    X(_ZdaPv, (void *p), (p))                                                                      \
    X(_ZdlPvm, (void *p, size_t n), (p, n))                                                        \
    X(_ZdaPvm, (void *p, size_t n), (p, n))                                                        \
    X(_ZdlPvRKSt9nothrow_t, (void *p, const void *t), (p, t))                                      \
    X(_ZdaPvRKSt9nothrow_t, (void *p, const void *t), (p, t))                                      \
    X(_ZdlPvSt11align_val_t, (void *p, size_t a), (p, a))                                          \
    X(_ZdaPvSt11align_val_t, (void *p, size_t a), (p, a))                                          \
    X(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t a), (p, n, a))                            \
    X(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t a), (p, n, a))                            \
    X(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t a, const void *t), (p, a, t))          \
    X(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t a, const void *t), (p, a, t))

static struct {
#define FIELD(name, result, parameters, arguments) result(*name) parameters;
    FUNCTIONS(FIELD)
#define FIELD_NEW(name, parameters, arguments) void *(*name)parameters;
    NEWS(FIELD_NEW)
#define FIELD_DELETE(name, parameters, arguments) void(*name) parameters;
    DELETES(FIELD_DELETE)
} real;

/* What dlsym itself allocates while the originals are looked up. */
static char pool[65536] __attribute__((aligned(4096)));
static size_t pool_used;

static void *from_pool(size_t align, size_t n)
{
    size_t at = (pool_used + align - 1) & ~(align - 1);
    if (n > sizeof pool || at > sizeof pool - n)
        return NULL;
    pool_used = at + n;
    return pool + at;
}

static bool in_pool(const void *p)
{
    return (uintptr_t)p - (uintptr_t)pool < sizeof pool;
}

static void find_originals(void)
{
    if (real.free || finding)
        return;
    finding = true;
#define FIND(name, ...) real.name = (__typeof__(real.name))dlsym(RTLD_NEXT, #name);
    NEWS(FIND)
    DELETES(FIND)
    FUNCTIONS(FIND)
    finding = false;
}

static void open_counts(void)
{
    const char *folder = getenv("COUNT_OUTPUT");
    struct counts *to = &no_counts;
    char name[4096];
    int fd = -1;
    for (int i = 0; folder && fd < 0 && i < 1000; i++) {
        snprintf(name, sizeof name, "%s/%s.%d.%d", folder, program_invocation_short_name,
                 (int)getpid(), i);
        fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (fd >= 0) {
        if (syscall(SYS_ftruncate, fd, 4096L) == 0) {
            long p = syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
            if (p != -1)
                to = (struct counts *)p;
        }
        syscall(SYS_close, fd);
    }
    __atomic_store_n(&counts, to, __ATOMIC_RELEASE);
}

static void forget_counts(void)
{
    counts = NULL;
    pthread_mutex_init(&starting, NULL);
}

static struct counts *counting(void)
{
    struct counts *to = __atomic_load_n(&counts, __ATOMIC_ACQUIRE);
    if (__builtin_expect(!to, 0)) {
        static bool registered;
        int keep = errno;
        pthread_mutex_lock(&starting);
        if (!registered) {
            registered = true;
            depth++;
            pthread_atfork(NULL, NULL, forget_counts);
            depth--;
        }
        if (!counts)
            open_counts();
        pthread_mutex_unlock(&starting);
        errno = keep;
        to = counts;
    }
    return to;
}

static void count(bool allocated, bool released)
{
    struct counts *to = counting();
    if (allocated)
        __atomic_fetch_add(&to->allocations, 1, __ATOMIC_RELAXED);
    if (released)
        __atomic_fetch_add(&to->releases, 1, __ATOMIC_RELAXED);
}

/* Also when an exception passes. */
static void leave(const int *entered)
{
    (void)entered;
    depth--;
}
#define ENTER                                                                                      \
    find_originals();                                                                              \
    __attribute__((cleanup(leave), unused)) int entered = depth++;                                 \
    bool outer = depth == 1

#define ALLOCATOR(name, parameters, arguments, align, bytes)                                       \
    EXPORT void *name parameters;                                                                  \
    EXPORT void *name parameters                                                                   \
    {                                                                                              \
        ENTER;                                                                                     \
        if (!real.name)                                                                            \
            return from_pool(align, bytes);                                                        \
        void *got = real.name arguments;                                                           \
        if (outer && got)                                                                          \
            count(true, false);                                                                    \
        return got;                                                                                \
    }
ALLOCATOR(malloc, (size_t n), (n), 16, n)
ALLOCATOR(mallocx, (size_t n, int flags), (n, flags), 16, n)
ALLOCATOR(calloc, (size_t k, size_t n), (k, n), 16, k *n)
ALLOCATOR(aligned_alloc, (size_t a, size_t n), (a, n), a, n)
ALLOCATOR(memalign, (size_t a, size_t n), (a, n), a, n)
ALLOCATOR(valloc, (size_t n), (n), 4096, n)
ALLOCATOR(pvalloc, (size_t n), (n), 4096, n)
#define NEW(name, parameters, arguments) ALLOCATOR(name, parameters, arguments, 16, n)
NEWS(NEW)

EXPORT int posix_memalign(void **out, size_t a, size_t n)
{
    ENTER;
    if (!real.posix_memalign)
        return (*out = from_pool(a, n)) ? 0 : ENOMEM;
    int error = real.posix_memalign(out, a, n);
    if (outer && !error)
        count(true, false);
    return error;
}

#define RELEASER(name, parameters, arguments)                                                      \
    EXPORT void name parameters;                                                                   \
    EXPORT void name parameters                                                                    \
    {                                                                                              \
        ENTER;                                                                                     \
        if (!real.name || in_pool(p))                                                              \
            return;                                                                                \
        if (outer && p)                                                                            \
            count(false, true);                                                                    \
        real.name arguments;                                                                       \
    }
RELEASER(free, (void *p), (p))
RELEASER(dallocx, (void *p, int flags), (p, flags))
DELETES(RELEASER)

static void *resized(void *p, size_t n, void *got, bool outer)
{
    if (outer)
        count(got != NULL, p && (got || n == 0));
    return got;
}

EXPORT void *realloc(void *p, size_t n)
{
    ENTER;
    if (!real.realloc || in_pool(p))
        return NULL; /* dlsym never grows what it allocated */
    return resized(p, n, real.realloc(p, n), outer);
}

EXPORT void *rallocx(void *p, size_t n, int flags);
EXPORT void *rallocx(void *p, size_t n, int flags)
{
    ENTER;
    if (!real.rallocx)
        return NULL;
    return resized(p, n, real.rallocx(p, n, flags), outer);
}

EXPORT void *reallocarray(void *p, size_t k, size_t n)
{
    ENTER;
    if (!real.reallocarray)
        return NULL;
    return resized(p, k && n, real.reallocarray(p, k, n), outer);
}
