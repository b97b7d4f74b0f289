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
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "hooks/leaving.h"
#include "loader/foreign_program.h"
#include "os/call.h"
#include "os/os.h"

extern char **environ;

static const char an_open_file[] = "an open file";

MT_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    MT_WITHOUT_US(environment, mt_program_foreign(-1, path), path);
    struct mt_header *h = mt_leaving(path, environment);
    if (!mt_real_known())
        return mt_stayed(h, (int)mt_os_raw(SYS_execve, path, arguments, environment));
    return mt_stayed(h, mt_real.execve(path, arguments, environment));
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
    MT_WITHOUT_US(environment, mt_leaving_foreign(file), file);
    struct mt_header *h = mt_leaving(file, environment);
    return mt_stayed(h, mt_real.execvpe(file, arguments, environment));
}

MT_EXPORT int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

MT_EXPORT int execveat(int folder, const char *path, char *const arguments[],
                       char *const environment[], int flags)
{
    MT_WITHOUT_US(environment,
                  *path ? mt_program_foreign(folder, path) : mt_program_foreign_file(folder), path);
    struct mt_header *h = mt_leaving(*path ? path : an_open_file, environment);
    return mt_stayed(h, (int)mt_os_raw(SYS_execveat, folder, path, arguments, environment, flags));
}

MT_EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    if (!mt_real_known()) {
        errno = ENOSYS;
        return -1;
    }
    MT_WITHOUT_US(environment, mt_program_foreign_file(fd), an_open_file);
    struct mt_header *h = mt_leaving(an_open_file, environment);
    return mt_stayed(h, mt_real.fexecve(fd, arguments, environment));
}

MT_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[],
                          char *const environment[])
{
    if (!mt_real_known())
        return ENOSYS;
    MT_WITHOUT_US(environment, mt_program_foreign(-1, path), path);
    return mt_real.posix_spawn(pid, path, actions, attributes, arguments, environment);
}

MT_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const arguments[],
                           char *const environment[])
{
    if (!mt_real_known())
        return ENOSYS;
    MT_WITHOUT_US(environment, mt_leaving_foreign(file), file);
    return mt_real.posix_spawnp(pid, file, actions, attributes, arguments, environment);
}

MT_EXPORT int execl(const char *path, const char *first, ...)
{
    va_list list;
    char **arguments;
    MT_COLLECT(first, list, arguments);
    va_end(list);
    return execve(path, arguments, environ);
}

MT_EXPORT int execlp(const char *file, const char *first, ...)
{
    va_list list;
    char **arguments;
    MT_COLLECT(first, list, arguments);
    va_end(list);
    return execvpe(file, arguments, environ);
}

MT_EXPORT int execle(const char *path, const char *first, ...)
{
    va_list list;
    char **arguments;
    MT_COLLECT(first, list, arguments);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return execve(path, arguments, environment);
}
