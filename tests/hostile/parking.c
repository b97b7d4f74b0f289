/* SPDX-License-Identifier: MIT
 *
 * Real functions that stand still: preloaded behind the tracker, each of them stops in a thread that has asked for it until
 * it is let go.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parking.h"

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t), __libc_free(void *);
void *_Znwm(size_t);
void _ZdlPv(void *);

static __thread int *asked __attribute__((tls_model("initial-exec")));

void park_here(int *state)
{
    asked = state;
}

static void stop(void)
{
    int *state = asked;
    if (!state)
        return;
    asked = NULL;
    __atomic_store_n(state, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, state, FUTEX_WAKE, 1, NULL);
    while (__atomic_load_n(state, __ATOMIC_ACQUIRE) == 1)
        syscall(SYS_futex, state, FUTEX_WAIT, 1, NULL);
}

void *malloc(size_t bytes)
{
    stop();
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    stop();
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    stop();
    return __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    stop();
    return __libc_memalign(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    stop();
    *out = __libc_memalign(align, bytes);
    return *out ? 0 : ENOMEM;
}

void free(void *block)
{
    stop();
    __libc_free(block);
}

void *_Znwm(size_t bytes)
{
    stop();
    return __libc_malloc(bytes);
}

void _ZdlPv(void *block)
{
    stop();
    __libc_free(block);
}

void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    stop();
    return (void *)syscall(SYS_mmap, at, bytes, prot, flags, fd, offset);
}

int munmap(void *at, size_t bytes)
{
    stop();
    return (int)syscall(SYS_munmap, at, bytes);
}

void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
    stop();
    return (void *)syscall(SYS_mremap, old, old_bytes, bytes, flags, NULL);
}

int execve(const char *path, char *const *arguments, char *const *environment)
{
    stop();
    return (int)syscall(SYS_execve, path, arguments, environment);
}

int dlclose(void *handle)
{
    static int (*real)(void *);
    stop();
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "dlclose");
    return real(handle);
}
