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

#define pvalloc(bytes)                           valloc(bytes)
/* musl rounds its address down, which the kernel refuses. */
#define mprotect(at, bytes, protection)                                                            \
    ((uintptr_t)(at) % 4096 ? (errno = EINVAL, -1) : mprotect(at, bytes, protection))
#define pkey_mprotect(at, bytes, protection, key) mprotect(at, bytes, protection)
#define closefrom(from)                          syscall(SYS_close_range, from, ~0u, 0)
#define execveat(folder, path, arguments, environment, flags)                                      \
    (int)syscall(SYS_execveat, folder, path, arguments, environment, flags)

#endif
