/* SPDX-License-Identifier: MIT
 *
 * For programs of the other tests that are built with musl: what they call and musl lacks.
 */
#ifndef LACKING_H
#define LACKING_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define pvalloc(bytes) valloc(bytes)
/* musl rounds its address down, which the kernel refuses. */
#define mprotect(at, bytes, protection)                                                            \
    ((uintptr_t)(at) % 4096 ? (errno = EINVAL, -1) : mprotect(at, bytes, protection))
#define pkey_mprotect(at, bytes, protection, key) mprotect(at, bytes, protection)
#define closefrom(from)                           syscall(SYS_close_range, from, ~0u, 0)
#define execveat(folder, path, arguments, environment, flags)                                      \
    (int)syscall(SYS_execveat, folder, path, arguments, environment, flags)

/* No code of musl has unwind tables, so that a walk ends where it calls back. */
static inline void *lacking_find(const void *key, const void *all, size_t *count, size_t bytes,
                                 int (*compare)(const void *, const void *))
{
    for (size_t i = 0; i < *count; i++)
        if (!compare(key, (const char *)all + i * bytes))
            return (char *)(uintptr_t)all + i * bytes;
    return NULL;
}
#define lfind lacking_find

#endif
