/* SPDX-License-Identifier: MIT
 *
 * exec: the log is told that the process goes on as another program. See hooks/exec.c, which has Linux's functions.
 *
 * A program of another architecture is executed without this library, as dyld would end it. One that the system protects drops
 * DYLD_INSERT_LIBRARIES by itself.
 */
#include <crt_externs.h>

#include "hooks/darwin/wrapped.h"
#include "hooks/leaving.h"
#include "loader/foreign_program.h"

int mt_hook_execve(const char *path, char *const arguments[], char *const environment[])
{
    MT_WITHOUT_US(environment, mt_program_foreign(-1, path), path);
    struct mt_header *h = mt_leaving(path, environment);
    return mt_stayed(h, execve(path, arguments, environment));
}

int mt_hook_execv(const char *path, char *const arguments[])
{
    return mt_hook_execve(path, arguments, *_NSGetEnviron());
}

/* The original searches PATH, and takes the process's own variables: what a foreign program would have to do without stays in them. */
int mt_hook_execvp(const char *file, char *const arguments[])
{
    struct mt_header *h = mt_leaving(file, *_NSGetEnviron());
    return mt_stayed(h, execvp(file, arguments));
}

int mt_hook_execvP(const char *file, const char *folders, char *const arguments[])
{
    struct mt_header *h = mt_leaving(file, *_NSGetEnviron());
    return mt_stayed(h, execvP(file, folders, arguments));
}

/* posix_spawn as exec: the process goes on as the program. */
static bool replaces_us(const posix_spawnattr_t *attributes)
{
    short flags = 0;
    return attributes && posix_spawnattr_getflags(attributes, &flags) == 0 &&
           flags & POSIX_SPAWN_SETEXEC;
}

int mt_hook_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[],
                        char *const environment[])
{
    MT_WITHOUT_US(environment, mt_program_foreign(-1, path), path);
    struct mt_header *h = replaces_us(attributes) ? mt_leaving(path, environment) : NULL;
    return mt_stayed(h, posix_spawn(pid, path, actions, attributes, arguments, environment));
}

int mt_hook_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes, char *const arguments[],
                         char *const environment[])
{
    MT_WITHOUT_US(environment, mt_leaving_foreign(file), file);
    struct mt_header *h = replaces_us(attributes) ? mt_leaving(file, environment) : NULL;
    return mt_stayed(h, posix_spawnp(pid, file, actions, attributes, arguments, environment));
}

int mt_hook_execl(const char *path, const char *first, ...)
{
    va_list list;
    char **arguments;
    MT_COLLECT(first, list, arguments);
    va_end(list);
    return mt_hook_execve(path, arguments, *_NSGetEnviron());
}

int mt_hook_execlp(const char *file, const char *first, ...)
{
    va_list list;
    char **arguments;
    MT_COLLECT(first, list, arguments);
    va_end(list);
    return mt_hook_execvp(file, arguments);
}

int mt_hook_execle(const char *path, const char *first, ...)
{
    va_list list;
    char **arguments;
    MT_COLLECT(first, list, arguments);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return mt_hook_execve(path, arguments, environment);
}
