/* SPDX-License-Identifier: MIT
 *
 * Other programs, limits, what the kernel knows of a process. A Mach-O program is executed by this loader, with the library that
 * DYLD_INSERT_LIBRARIES names.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libsystem.h"
#include "loader.h"

#define ARGUMENTS_MAX 1024

static bool is_macho(const char *path)
{
    uint32_t magic = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool yes = fd >= 0 && read(fd, &magic, sizeof magic) == sizeof magic &&
               (magic == MACHO_MAGIC || be32toh(magic) == MACHO_UNIVERSAL);
    if (fd >= 0)
        close(fd);
    return yes;
}

/* The path that the kernel is to execute; `*arguments` becomes the loader's, if that runs it. */
static const char *by_loader(const char *path, char *const **arguments, char *const *variables,
                             char *room[ARGUMENTS_MAX])
{
    static char own[4096];
    unsigned count = 0;
    if (!is_macho(path))
        return path;
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length < 0 ? 0 : length] = 0;
    room[count++] = own;
    for (char *const *v = variables; v && *v; v++)
        if (!strncmp(*v, INSERT "=", sizeof INSERT) && (*v)[sizeof INSERT]) {
            room[count++] = (char *)(uintptr_t) "--insert";
            room[count++] = *v + sizeof INSERT;
        }
    room[count++] = (char *)(uintptr_t) "--";
    room[count++] = (char *)(uintptr_t)path;
    for (unsigned i = 1; (*arguments)[0] && (*arguments)[i] && count < ARGUMENTS_MAX - 1; i++)
        room[count++] = (*arguments)[i];
    room[count] = NULL;
    *arguments = room;
    return own;
}

static int mac_execve(const char *path, char *const *arguments, char *const *variables)
{
    char *room[ARGUMENTS_MAX];
    const char *program = by_loader(path, &arguments, variables, room);
    execve(program, arguments, variables);
    return libsystem_failed();
}

static int mac_execv(const char *path, char *const *arguments)
{
    return mac_execve(path, arguments, environ);
}

/* In the folders of `path`, which ":" is between. */
static int execute_in(const char *file, const char *path, char *const *arguments)
{
    char whole[4096];
    if (strchr(file, '/'))
        return mac_execv(file, arguments);
    for (; path; path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
        snprintf(whole, sizeof whole, "%.*s/%s", (int)strcspn(path, ":"), path, file);
        if (!access(whole, X_OK))
            return mac_execv(whole, arguments);
    }
    errno = ENOENT;
    return -1;
}

static int mac_execvp(const char *file, char *const *arguments)
{
    return execute_in(file, getenv("PATH"), arguments);
}

static int mac_execvP(const char *file, const char *path, char *const *arguments)
{
    return execute_in(file, path, arguments);
}

static void collect(char *room[ARGUMENTS_MAX], const char *first, va_list list)
{
    unsigned count = 0;
    room[count++] = (char *)(uintptr_t)first;
    while (room[count - 1] && count < ARGUMENTS_MAX)
        room[count++] = va_arg(list, char *);
    room[ARGUMENTS_MAX - 1] = NULL;
}

static int mac_execl(const char *path, const char *first, ...)
{
    char *arguments[ARGUMENTS_MAX];
    va_list list;
    va_start(list, first);
    collect(arguments, first, list);
    va_end(list);
    return mac_execv(path, arguments);
}

static int mac_execlp(const char *file, const char *first, ...)
{
    char *arguments[ARGUMENTS_MAX];
    va_list list;
    va_start(list, first);
    collect(arguments, first, list);
    va_end(list);
    return mac_execvp(file, arguments);
}

static int mac_execle(const char *path, const char *first, ...)
{
    char *arguments[ARGUMENTS_MAX];
    va_list list;
    va_start(list, first);
    collect(arguments, first, list);
    char *const *variables = va_arg(list, char *const *);
    va_end(list);
    return mac_execve(path, arguments, variables);
}

/* Without actions and attributes, which have other layouts. */
static int mac_posix_spawn(int *pid, const char *path, const void *actions, const void *attributes,
                           char *const *arguments, char *const *variables)
{
    char *room[ARGUMENTS_MAX];
    if (actions || attributes)
        return libsystem_errno(ENOSYS);
    const char *program = by_loader(path, &arguments, variables, room);
    return libsystem_errno(posix_spawn(pid, program, NULL, NULL, arguments, variables));
}

static int no_flags(const void *attributes, short *out)
{
    (void)attributes;
    *out = 0;
    return 0;
}

/* ---- limits ---- */

static const int limits[] = {RLIMIT_CPU, RLIMIT_FSIZE,   RLIMIT_DATA,  RLIMIT_STACK, RLIMIT_CORE,
                             RLIMIT_AS,  RLIMIT_MEMLOCK, RLIMIT_NPROC, RLIMIT_NOFILE};
#define NO_LIMIT_THERE INT64_MAX

static int mac_getrlimit(int which, struct rlimit *out)
{
    which &= ~0x1000; /* _RLIMIT_POSIX_FLAG */
    if (which < 0 || which >= (int)(sizeof limits / sizeof limits[0])) {
        errno = EINVAL;
        return -1;
    }
    if (getrlimit((__rlimit_resource_t)limits[which], out) < 0)
        return libsystem_failed();
    if (out->rlim_cur == RLIM_INFINITY)
        out->rlim_cur = NO_LIMIT_THERE;
    if (out->rlim_max == RLIM_INFINITY)
        out->rlim_max = NO_LIMIT_THERE;
    return 0;
}

/* ---- what the kernel knows ---- */

enum { KERN = 1, KERN_PROCESS = 14, KERN_ARGUMENTS = 49, KERN_BY_PID = 1 };
#define PROCESS_BYTES 648u /* struct kinfo_proc, which begins with when it was started: s, us */

static size_t file_take(const char *path, char *out, size_t bytes)
{
    FILE *file = fopen(path, "re");
    size_t got = file ? fread(out, 1, bytes, file) : 0;
    if (file)
        fclose(file);
    return got;
}

/* In s since 1970, and us. */
static bool start_of(int pid, int64_t out[2])
{
    char path[64], text[4096];
    unsigned long long ticks = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    text[file_take(path, text, sizeof text - 1)] = 0;
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 2,
                      "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                      "%*d %*d %llu",
                      &ticks) != 1)
        return false;
    text[file_take("/proc/stat", text, sizeof text - 1)] = 0;
    at = strstr(text, "btime ");
    int64_t hz = sysconf(_SC_CLK_TCK);
    out[0] = (at ? strtoll(at + 6, NULL, 10) : 0) + (int64_t)ticks / hz;
    out[1] = (int64_t)ticks % hz * 1000000 / hz;
    return true;
}

/* The number of arguments, the file, the arguments, the variables. */
static int arguments_of(int pid, char *out, size_t *bytes)
{
    static char text[1 << 17];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    size_t got = file_take(path, text, sizeof text), used = 4;
    int count = 0;
    for (size_t i = 0; i < got; i++)
        count += !text[i];
    const char *parts[] = {text, text};
    const size_t lengths[] = {strnlen(text, got) + 1, got};
    for (unsigned i = 0; i < 2; i++) {
        if (used + lengths[i] > *bytes) {
            errno = EINVAL;
            return -1;
        }
        memcpy(out + used, parts[i], lengths[i]);
        used += lengths[i];
    }
    memcpy(out, &count, sizeof count);
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    used += file_take(path, out + used, *bytes - used);
    *bytes = used;
    return 0;
}

static int mac_sysctl(int *name, unsigned count, void *out, size_t *bytes, void *new,
                      size_t new_bytes)
{
    int64_t start[2];
    (void)new_bytes;
    if (count == 3 && name[0] == KERN && name[1] == KERN_ARGUMENTS && out && !new)
        return arguments_of(name[2], out, bytes);
    bool process = count == 4 && name[0] == KERN && name[1] == KERN_PROCESS &&
                   name[2] == KERN_BY_PID && out && !new &&*bytes >= PROCESS_BYTES;
    if (!process || !start_of(name[3], start)) {
        errno = EINVAL;
        return -1;
    }
    *bytes = PROCESS_BYTES;
    memset(out, 0, PROCESS_BYTES);
    memcpy(out, start, sizeof start);
    return 0;
}

static int not_privileged(void)
{
    return 0;
}

const struct adapter libsystem_process[] = {
    {"_execve", mac_execve},
    {"_execv", mac_execv},
    {"_execvp", mac_execvp},
    {"_execvP", mac_execvP},
    {"_execl", mac_execl},
    {"_execlp", mac_execlp},
    {"_execle", mac_execle},
    {"_posix_spawn", mac_posix_spawn},
    {"_posix_spawnp", mac_posix_spawn},
    {"_posix_spawnattr_getflags", no_flags},
    {"_getrlimit", mac_getrlimit},
    {"_sysctl", mac_sysctl},
    {"_issetugid", not_privileged},
    {NULL, NULL},
};
