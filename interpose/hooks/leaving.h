/* SPDX-License-Identifier: MIT
 *
 * What the wrapped functions of exec have in common: exec.c, darwin/exec.c. Callable in a child of vfork and in a signal handler: nothing
 * here allocates or locks; errno is kept.
 */
#ifndef MT_LEAVING_H
#define MT_LEAVING_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

#include "os/call.h"
#include "process/untraced.h"

struct mt_header;

/* `path` is about to be executed, in this environment. The log is told; its header, or NULL, is for mt_stayed. */
struct mt_header *mt_leaving(const char *path, char *const environment[]);

/* exec came back with `result`, which is returned. */
int mt_stayed(struct mt_header *h, int result);

/* Whether the loader of the program that execvp would find can't load this library. */
bool mt_leaving_foreign(const char *file);

/* In place of `environment`, if the program is `foreign` or could not live with our system calls: one without us, on the stack of the caller, as a child of vfork has no
 * other memory of its own. errno is kept. */
#define MT_WITHOUT_US(environment, foreign, path)                                                  \
    do {                                                                                           \
        int kept = errno;                                                                          \
        size_t room = mt_untraced_room(environment);                                               \
        if (room && (!mt_os_start_survives() || (foreign))) {                                      \
            mt_untraced_count(path);                                                               \
            environment = mt_untraced_environment(__builtin_alloca(room), environment);            \
        } else if (!room && mt_untraced_left_out(path, environment)) {                             \
            mt_untraced_count(path);                                                               \
        }                                                                                          \
        errno = kept;                                                                              \
    } while (0)

/* Collect the arguments of a list, `first` among them, on the caller's stack (a macro, for alloca).
 * `list` then stands behind the NULL. As in libc, `first` is NULL only if the caller breaks the
 * contract. */
#define MT_COLLECT(first, list, to)                                                                \
    do {                                                                                           \
        size_t count = 1;                                                                          \
        va_start(list, first);                                                                     \
        while (va_arg(list, const char *))                                                         \
            count++;                                                                               \
        va_end(list);                                                                              \
        to = __builtin_alloca((count + 1) * sizeof *to);                                           \
        to[0] = (char *)(uintptr_t)first;                                                          \
        va_start(list, first);                                                                     \
        for (size_t i = 1; i <= count; i++)                                                        \
            to[i] = va_arg(list, char *);                                                          \
    } while (0)

#endif
