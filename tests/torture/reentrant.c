/* SPDX-License-Identifier: MIT
 *
 * An allocator that a signal handler may interrupt anywhere and call again, and leave by longjmp: libc's is none, so what the
 * tracker does then could not be told from what libc does. It never uses a block again. A block of INSIDE_SIZE bytes
 * has the thread send itself a signal in the middle of malloc, realloc and free (reentrant.h).
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reentrant.h"

#define POOL (8ull << 30)

__thread volatile int inside_signal;
static char *pool;
static uint64_t used;

static char *the_pool(void)
{
    char *have = __atomic_load_n(&pool, __ATOMIC_ACQUIRE);
    if (have)
        return have;
    char *made = (char *)syscall(SYS_mmap, NULL, POOL, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (__atomic_compare_exchange_n(&pool, &have, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    syscall(SYS_munmap, made, POOL);
    return have;
}

static void *block(size_t align, size_t bytes)
{
    if (bytes > POOL / 2)
        return NULL;
    uint64_t at = __atomic_fetch_add(&used, ((bytes + 31) & ~15ull) + align, __ATOMIC_RELAXED);
    if (at + bytes + align + 32 > POOL)
        return NULL;
    uintptr_t p = ((uintptr_t)the_pool() + at + 16 + align - 1) & ~(uintptr_t)(align - 1);
    ((size_t *)p)[-1] = bytes;
    return (void *)p;
}

static void interrupt(size_t bytes)
{
    int number = inside_signal;
    if (bytes == INSIDE_SIZE && number)
        syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), number);
}

void *malloc(size_t bytes)
{
    interrupt(bytes);
    return block(16, bytes);
}

void *calloc(size_t count, size_t bytes)
{
    size_t all;
    return __builtin_mul_overflow(count, bytes, &all) ? NULL : block(16, all);
}

void *realloc(void *old, size_t bytes)
{
    void *grown = block(16, bytes);
    interrupt(bytes);
    if (grown && old)
        memcpy(grown, old, ((size_t *)old)[-1] < bytes ? ((size_t *)old)[-1] : bytes);
    return grown;
}

void *memalign(size_t align, size_t bytes)
{
    return block(align < 16 ? 16 : align, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    return memalign(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    return (*out = memalign(align, bytes)) ? 0 : 12;
}

void free(void *p)
{
    if (p)
        interrupt(((size_t *)p)[-1]);
}
