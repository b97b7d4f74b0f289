/* SPDX-License-Identifier: MIT
 *
 * For programs of the other tests that are built with musl: what they call and musl lacks.
 */
#ifndef LACKING_H
#define LACKING_H

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define pvalloc(bytes)                           valloc(bytes)
#define pkey_mprotect(at, bytes, protection, key) mprotect(at, bytes, protection)
#define closefrom(from)                          syscall(SYS_close_range, from, ~0u, 0)
#define execveat(folder, path, arguments, environment, flags)                                      \
    (int)syscall(SYS_execveat, folder, path, arguments, environment, flags)

#endif
