/* SPDX-License-Identifier: MIT
 *
 * exec: the log is told that the process goes on as another program; an exec that fails takes that
 * back. The functions must stay safe in a child of vfork and in a signal handler: nothing here
 * allocates or locks. The children of posix_spawn, system and popen never touch a log of ours.
 *
 * A program whose loader can't load this library, or whose seccomp filters would end it for a call of the library's, is executed without it, and an environment that lacks it stays as it is. system and popen start the
 * system's shell, which can.
 */
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "loader/foreign_program.h"
#include "log/log.h"
#include "os/call.h"
#include "os/os.h"
#include "process/start.h"
#include "process/summary.h"
#include "process/untraced.h"

extern char **environ;

static const char an_open_file[] = "an open file";

/* The header of this process's own log, or NULL. A child of vfork has its parent's memory. The
 * child of a fork does not have the log's mappings, and has no log until its first event. */
static struct mt_header *own_log(void)
{
    if (!mt_ready || *mt_ready != 1 || mt_log.header->pid != mt_os_pid())
        return NULL;
    return mt_log.header;
}

/* `path` is about to be executed, in this environment. */
static struct mt_header *leaving(const char *path, char *const environment[])
{
    int keep = errno;
    struct mt_header *h = own_log();
    if (h) {
        mt_untraced_gather();
        if (mt_untraced_left_out(path, environment))
            mt_summary_untraced(mt_program, mt_directory, path);
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

/* In place of `environment`, if the program is `foreign` or could not live with our system calls: one without us, on the stack of the caller, as a child of vfork has no
 * other memory of its own. errno is kept. */
#define WITHOUT_US(environment, foreign, path)                                                     \
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

/* Open the program that execvp would find. The path is gone before the file is looked at, as both take room on the stack. */
static __attribute__((noinline)) int open_found(const char *file)
{
    char path[512];
    size_t length = strlen(file);
    const char *p = strchr(file, '/') ? NULL : mt_os_variable("PATH", path, sizeof path);
    if (!p || length >= sizeof path)
        return mt_os_open_program(-1, file);
    for (size_t folder; *p; p += folder + (p[folder] != 0)) {
        folder = strcspn(p, ":");
        if (folder + 1 + length >= sizeof path)
            continue;
        memcpy(path, p, folder);
        path[folder] = '/';
        memcpy(path + folder + (folder != 0), file, length + 1);
        int fd = mt_os_open_program(-1, path);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* Of the program that execvp would find. */
static bool is_foreign(const char *file)
{
    int fd = open_found(file);
    bool foreign = fd >= 0 && mt_program_foreign_file(fd);
    if (fd >= 0)
        mt_os_close(fd);
    return foreign;
}

MT_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    WITHOUT_US(environment, mt_program_foreign(-1, path), path);
    struct mt_header *h = leaving(path, environment);
    if (!mt_real_known())
        return stayed(h, (int)mt_os_raw(SYS_execve, path, arguments, environment));
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
    WITHOUT_US(environment, is_foreign(file), file);
    struct mt_header *h = leaving(file, environment);
    return stayed(h, mt_real.execvpe(file, arguments, environment));
}

MT_EXPORT int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

MT_EXPORT int execveat(int folder, const char *path, char *const arguments[],
                       char *const environment[], int flags)
{
    WITHOUT_US(environment,
               *path ? mt_program_foreign(folder, path) : mt_program_foreign_file(folder), path);
    struct mt_header *h = leaving(*path ? path : an_open_file, environment);
    return stayed(h, (int)mt_os_raw(SYS_execveat, folder, path, arguments, environment, flags));
}

MT_EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    if (!mt_real_known()) {
        errno = ENOSYS;
        return -1;
    }
    WITHOUT_US(environment, mt_program_foreign_file(fd), an_open_file);
    struct mt_header *h = leaving(an_open_file, environment);
    return stayed(h, mt_real.fexecve(fd, arguments, environment));
}

MT_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[],
                          char *const environment[])
{
    if (!mt_real_known())
        return ENOSYS;
    WITHOUT_US(environment, mt_program_foreign(-1, path), path);
    return mt_real.posix_spawn(pid, path, actions, attributes, arguments, environment);
}

MT_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const arguments[],
                           char *const environment[])
{
    if (!mt_real_known())
        return ENOSYS;
    WITHOUT_US(environment, is_foreign(file), file);
    return mt_real.posix_spawnp(pid, file, actions, attributes, arguments, environment);
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
