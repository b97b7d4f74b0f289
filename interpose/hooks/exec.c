/* SPDX-License-Identifier: MIT
 *
 * exec: the log is told that the process goes on as another program; an exec that fails takes that
 * back. The functions must stay safe in a child of vfork and in a signal handler: nothing here
 * allocates or locks. posix_spawn, system and popen need no wrapper: their children never touch a
 * log of ours.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "log/log.h"
#include "os/os.h"

extern char **environ;

/* The header of this process's own log, or NULL. A child of vfork has its parent's memory. The
 * child of a fork does not have the log's mappings, and has no log until its first event. */
static struct mt_header *own_log(void)
{
    if (!mt_ready || *mt_ready != 1 || mt_log.header->pid != mt_os_pid())
        return NULL;
    return mt_log.header;
}

static struct mt_header *leaving(void)
{
    int keep = errno;
    struct mt_header *h = own_log();
    if (h) {
        h->end_time = mt_os_mono() - h->start_mono;
        __atomic_store_n(&h->end, MT_END_EXEC, __ATOMIC_RELEASE);
    }
    errno = keep;
    return h;
}

/* exec came back. */
static int stayed(struct mt_header *h, int result)
{
    if (h) {
        __atomic_store_n(&h->end, MT_END_UNKNOWN, __ATOMIC_RELEASE);
        h->end_time = 0;
    }
    return result;
}

MT_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    struct mt_header *h = leaving();
    if (!mt_real_known())
        return stayed(h, (int)syscall(SYS_execve, path, arguments, environment));
    return stayed(h, mt_real.execve(path, arguments, environment));
}

MT_EXPORT int execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

MT_EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    if (!mt_real_known()) {
        errno = ENOENT;
        return -1;
    }
    struct mt_header *h = leaving();
    return stayed(h, mt_real.execvpe(file, arguments, environment));
}

MT_EXPORT int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

MT_EXPORT int execveat(int folder, const char *path, char *const arguments[],
                       char *const environment[], int flags)
{
    struct mt_header *h = leaving();
    return stayed(h, (int)syscall(SYS_execveat, folder, path, arguments, environment, flags));
}

MT_EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    if (!mt_real_known()) {
        errno = ENOSYS;
        return -1;
    }
    struct mt_header *h = leaving();
    return stayed(h, mt_real.fexecve(fd, arguments, environment));
}

/* Collect the arguments of a list, `first` among them, on the caller's stack (a macro, for alloca).
 * `list` then stands behind the NULL. As in libc, `first` is NULL only if the caller breaks the
 * contract. */
#define COLLECT(first, list, to)                                                                   \
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

MT_EXPORT int execl(const char *path, const char *first, ...)
{
    va_list list;
    char **arguments;
    COLLECT(first, list, arguments);
    va_end(list);
    return execve(path, arguments, environ);
}

MT_EXPORT int execlp(const char *file, const char *first, ...)
{
    va_list list;
    char **arguments;
    COLLECT(first, list, arguments);
    va_end(list);
    return execvpe(file, arguments, environ);
}

MT_EXPORT int execle(const char *path, const char *first, ...)
{
    va_list list;
    char **arguments;
    COLLECT(first, list, arguments);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return execve(path, arguments, environment);
}
