/* SPDX-License-Identifier: MIT
 *
 * exec: the log is told that the process goes on as another program; an exec that fails takes that
 * back. The functions must stay safe in a child of vfork and in a signal handler: nothing here
 * allocates or locks.
 *
 * Here and in posix_spawn, the file that is about to run is looked at. Where the loader of another C
 * library would take the preload for its own and give up, or one for another architecture would
 * complain, the program gets an environment without the library. What can't be traced is noted
 * (process/untraced.h). system and popen need no wrapper: they start a shell, which is traced.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/exec_target.h"
#include "hooks/hooks.h"
#include "log/log.h"
#include "os/os.h"
#include "process/summary.h"
#include "process/start.h"
#include "process/untraced.h"

extern char **environ;

/* A call that starts a program. */
struct call {
    enum { BY_PATH, BY_NAME, BY_FOLDER, BY_DESCRIPTOR, SPAWN_PATH, SPAWN_NAME } way;
    int folder, flags;
    const char *path;
    char *const *arguments, *const *environment;
    pid_t *pid;
    const posix_spawn_file_actions_t *actions;
    const posix_spawnattr_t *attributes;
};

static int real_call(const struct call *c, char *const *environment)
{
    switch (c->way) {
    case BY_PATH:
        return mt_real_known() ? mt_real.execve(c->path, c->arguments, environment)
                               : (int)syscall(SYS_execve, c->path, c->arguments, environment);
    case BY_NAME:
        return mt_real.execvpe(c->path, c->arguments, environment);
    case BY_FOLDER:
        return (int)syscall(SYS_execveat, c->folder, c->path, c->arguments, environment, c->flags);
    case BY_DESCRIPTOR:
        return mt_real.fexecve(c->folder, c->arguments, environment);
    case SPAWN_PATH:
        return mt_real.posix_spawn(c->pid, c->path, c->actions, c->attributes, c->arguments,
                                   environment);
    default:
        return mt_real.posix_spawnp(c->pid, c->path, c->actions, c->attributes, c->arguments,
                                    environment);
    }
}

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

/* ---- The environment ---- */

#define PRELOAD    "LD_PRELOAD="
#define SEPARATORS " :"

/* The next path in a value of LD_PRELOAD: its length, 0 at the end. */
static size_t next_path(const char **at)
{
    *at += strspn(*at, SEPARATORS);
    return strcspn(*at, SEPARATORS);
}

static bool is_own(const char *path, size_t length)
{
    static const char own[] = "libmemtrace";
    while (memchr(path, '/', length)) {
        const char *part = (const char *)memchr(path, '/', length) + 1;
        length -= (size_t)(part - path);
        path = part;
    }
    return length >= sizeof own - 1 && !memcmp(path, own, sizeof own - 1);
}

/* Where an environment has the preload with this library in it, else -1. *count: its strings. */
static ssize_t find_preload(char *const *environment, size_t *count)
{
    ssize_t found = -1;
    for (*count = 0; environment && environment[*count]; ++*count) {
        const char *at = environment[*count] + sizeof PRELOAD - 1;
        if (found >= 0 || strncmp(environment[*count], PRELOAD, sizeof PRELOAD - 1) != 0)
            continue;
        for (size_t length; (length = next_path(&at)); at += length)
            if (is_own(at, length))
                found = (ssize_t)*count;
    }
    return found;
}

/* LD_PRELOAD's entry without this library. False: nothing is left in it. */
static bool others(char *to, const char *value)
{
    char *end = stpcpy(to, PRELOAD);
    const char *at = value + sizeof PRELOAD - 1;
    bool any = false;
    for (size_t length; (length = next_path(&at)); at += length) {
        if (is_own(at, length))
            continue;
        if (any)
            *end++ = ':';
        memcpy(end, at, length);
        end += length;
        any = true;
    }
    *end = 0;
    return any;
}

/* Copy `count` strings of the environment, but for the one at `preload`, and the NULL. Make the call
 * with that. */
static int call_with(const struct call *c, char **copy, size_t count, size_t preload, char *instead)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (i != preload)
            copy[used++] = c->environment[i];
        else if (instead)
            copy[used++] = instead;
    copy[used] = NULL;
    return real_call(c, copy);
}

/* A usual environment is copied to the stack. A child of vfork that maps memory leaves it to its
 * parent, so that is for unusual ones. */
enum { ON_STACK = 96 };
static int call_on_stack(const struct call *c, size_t count, size_t preload)
{
    char *copy[ON_STACK + 1];
    return call_with(c, copy, count, preload, NULL);
}

static int call_without_us(const struct call *c)
{
    size_t count;
    ssize_t preload = find_preload(c->environment, &count);
    if (preload < 0)
        return real_call(c, c->environment);
    const char *at = c->environment[preload] + sizeof PRELOAD - 1;
    size_t first = next_path(&at);
    at += first;
    if (count <= ON_STACK && first && !next_path(&at))
        return call_on_stack(c, count, (size_t)preload);
    size_t text = strlen(c->environment[preload]) + 1, bytes = (count + 1) * sizeof(char *) + text;
    char **copy = mt_os_map(bytes);
    if (!copy)
        return real_call(c, c->environment);
    char *instead = (char *)(copy + count + 1);
    int result = call_with(c, copy, count, (size_t)preload,
                           others(instead, c->environment[preload]) ? instead : NULL);
    int keep = errno;
    mt_os_unmap(copy, bytes);
    errno = keep;
    return result;
}

/* ---- What can't be traced ---- */

static bool has(char *const *environment, const char *entry)
{
    for (; environment && *environment; environment++)
        if (!strncmp(*environment, entry, strlen(entry)))
            return true;
    return false;
}

static enum mt_untraced look(const struct call *c, char *detail, size_t bytes)
{
    enum mt_untraced reason;
    size_t count;
    switch (c->way) {
    case BY_NAME:
    case SPAWN_NAME:
        reason = mt_exec_target_found(c->path, detail, bytes);
        break;
    case BY_DESCRIPTOR:
        reason = mt_exec_target(c->folder, "", detail, bytes);
        break;
    case BY_FOLDER:
        reason = mt_exec_target(c->folder, c->path, detail, bytes);
        break;
    default:
        reason = mt_exec_target(AT_FDCWD, c->path, detail, bytes);
    }
    if (!reason && mt_untraced_preloaded && find_preload(c->environment, &count) < 0)
        reason = MT_UNTRACED_ENVIRONMENT;
    return reason;
}

/* Note it: in this process's log if the process goes on as that program, else for the parent. */
static void note(const struct call *c, enum mt_untraced reason, const char *detail)
{
    const char *name = *c->path                          ? c->path
                       : c->arguments && c->arguments[0] ? c->arguments[0]
                                                         : "a file without a name";
    /* Helpers of ours say so. */
    if (reason == MT_UNTRACED_ENVIRONMENT && has(c->environment, "MEMTRACE_ASIDE="))
        return;
    mt_untraced_add(reason, name, detail);
    if (c->way >= SPAWN_PATH || mt_self.depth || !own_log())
        return;
    mt_guard();
    mt_untraced_tell();
    mt_summary_gone(mt_program, name, reason, detail);
    mt_self.depth = 0;
}

static int start(const struct call *c)
{
    char detail[72];
    int keep = errno;
    enum mt_untraced reason = c->path ? look(c, detail, sizeof detail) : MT_TRACED;
    if (reason)
        note(c, reason, detail);
    struct mt_header *h = c->way < SPAWN_PATH ? leaving() : NULL;
    errno = keep;
    /* The others ignore the preload without a word. */
    bool disturbs = reason == MT_UNTRACED_LIBC || reason == MT_UNTRACED_MACHINE;
    return stayed(h, disturbs ? call_without_us(c) : real_call(c, c->environment));
}

/* ---- The functions ---- */

MT_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    return start(&(struct call){
        .way = BY_PATH, .path = path, .arguments = arguments, .environment = environment});
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
    return start(&(struct call){
        .way = BY_NAME, .path = file, .arguments = arguments, .environment = environment});
}

MT_EXPORT int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

MT_EXPORT int execveat(int folder, const char *path, char *const arguments[],
                       char *const environment[], int flags)
{
    return start(&(struct call){.way = BY_FOLDER,
                                .folder = folder,
                                .path = path,
                                .arguments = arguments,
                                .environment = environment,
                                .flags = flags});
}

MT_EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    if (!mt_real_known()) {
        errno = ENOSYS;
        return -1;
    }
    return start(&(struct call){.way = BY_DESCRIPTOR,
                                .folder = fd,
                                .path = "",
                                .arguments = arguments,
                                .environment = environment});
}

static int spawn(struct call c)
{
    return mt_real_known() ? start(&c) : ENOSYS;
}

MT_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const arguments[],
                          char *const environment[])
{
    return spawn(
        (struct call){SPAWN_PATH, 0, 0, path, arguments, environment, pid, actions, attributes});
}

MT_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const arguments[],
                           char *const environment[])
{
    return spawn(
        (struct call){SPAWN_NAME, 0, 0, file, arguments, environment, pid, actions, attributes});
}

/* A program that leaves by _exit, as some shells do, has a line at its end all the same. */
MT_EXPORT void _exit(int status)
{
    if (!mt_self.depth && own_log()) {
        mt_guard();
        mt_untraced_tell();
        mt_summary_print(mt_program, mt_directory);
        mt_self.depth = 0;
    }
    for (;;)
        syscall(SYS_exit_group, status);
}

MT_EXPORT void _Exit(int status)
{
    _exit(status);
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
