/* SPDX-License-Identifier: MIT
 *
 * What libmemtrace.dylib needs of macOS's C library beyond what programs do: libsystem.h.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "libsystem.h"

static int done(int result)
{
    return result < 0 ? libsystem_failed() : result;
}

/* ---- Files ---- */

enum { RENAME_SWAP_THERE = 2, RENAME_EXCL_THERE = 4 };

static int mac_renamex(const char *from, const char *to, unsigned flags)
{
    if (flags & ~(unsigned)(RENAME_SWAP_THERE | RENAME_EXCL_THERE)) {
        errno = EINVAL;
        return -1;
    }
    return done(renameat2(-100, from, -100, to,
                          (flags & RENAME_EXCL_THERE ? RENAME_NOREPLACE : 0u) |
                              (flags & RENAME_SWAP_THERE ? RENAME_EXCHANGE : 0u)));
}

struct mac_rlimit {
    uint64_t now, most;
};

/* RLIMIT_CPU to RLIMIT_CORE are the same; there is one number for data and address space, and none is negative. */
static int mac_getrlimit(int which, struct mac_rlimit *out)
{
    static const int here[] = {RLIMIT_CPU, RLIMIT_FSIZE,   RLIMIT_DATA,  RLIMIT_STACK, RLIMIT_CORE,
                               RLIMIT_AS,  RLIMIT_MEMLOCK, RLIMIT_NPROC, RLIMIT_NOFILE};
    const uint64_t infinity = INT64_MAX;
    struct rlimit limit;
    which &= ~0x1000; /* _RLIMIT_POSIX_FLAG */
    if (which < 0 || which >= (int)(sizeof here / sizeof here[0])) {
        errno = EINVAL;
        return -1;
    }
    if (getrlimit(here[which], &limit) < 0)
        return libsystem_failed();
    out->now = limit.rlim_cur == RLIM_INFINITY ? infinity : limit.rlim_cur;
    out->most = limit.rlim_max == RLIM_INFINITY ? infinity : limit.rlim_max;
    return 0;
}

/* ---- Memory ---- */

static int mac_mincore(void *at, size_t bytes, unsigned char *answer)
{
    return done(mincore(at, bytes, answer));
}

/* VM_INHERIT_NONE alone. */
static int mac_minherit(void *at, size_t bytes, int how)
{
    if (how != 2) {
        errno = EINVAL;
        return -1;
    }
    return done(madvise(at, bytes, MADV_DONTFORK));
}

static int mac_munlock(const void *at, size_t bytes)
{
    return done(munlock(at, bytes));
}

/* KERN_INVALID_ADDRESS is 1. */
static int mac_read_overwrite(unsigned task, uintptr_t from, uintptr_t bytes, uintptr_t to,
                              uintptr_t *got)
{
    struct iovec local = {(void *)to, bytes}, remote = {(void *)from, bytes};
    (void)task;
    int keep = errno;
    ssize_t read = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    errno = keep;
    *got = read > 0 ? (uintptr_t)read : 0;
    return read == (ssize_t)bytes ? 0 : 1;
}

/* ---- Threads, signals ---- */

static int mac_thread_switch(unsigned thread, int option, unsigned ms)
{
    (void)thread, (void)option, (void)ms;
    sched_yield();
    return 0;
}

extern char __libc_single_threaded;
static int mac_is_threaded(void)
{
    return !__libc_single_threaded;
}

static int mac_sigpending(uint32_t *out)
{
    sigset_t set;
    if (sigpending(&set) < 0)
        return libsystem_failed();
    *out = 0;
    for (int s = 1; s < 32; s++)
        if (sigismember(&set, s) == 1 && libsystem_signal(s))
            *out |= 1u << (libsystem_signal(s) - 1);
    return 0;
}

static int mac_sigwait(const uint32_t *wanted, int *got)
{
    sigset_t set;
    int here;
    sigemptyset(&set);
    for (int s = 1; s < 32; s++)
        if (*wanted >> (s - 1) & 1 && libsystem_signal_here(s))
            sigaddset(&set, libsystem_signal_here(s));
    int error = sigwait(&set, &here);
    if (!error)
        *got = libsystem_signal(here);
    return error ? libsystem_errno(error) : 0;
}

struct mac_stack {
    void *at;
    size_t bytes;
    int flags; /* SS_ONSTACK is 1, SS_DISABLE 4 */
};

static int mac_sigaltstack(const struct mac_stack *new, struct mac_stack *old)
{
    stack_t to, was;
    if (new)
        to = (stack_t){
            .ss_sp = new->at, .ss_size = new->bytes, .ss_flags = new->flags & 4 ? SS_DISABLE : 0};
    if (sigaltstack(new ? &to : NULL, old ? &was : NULL) < 0)
        return libsystem_failed();
    if (old)
        *old = (struct mac_stack){was.ss_sp, was.ss_size,
                                  (was.ss_flags & SS_ONSTACK ? 1 : 0) |
                                      (was.ss_flags & SS_DISABLE ? 4 : 0)};
    return 0;
}

/* ---- The process ---- */

static int mac_issetugid(void)
{
    return 0;
}

/* CTL_KERN: KERN_PROC, KERN_PROC_PID of a process: when it started, at the beginning of a struct kinfo_proc. KERN_PROCARGS2: what a process
 * was started with. */
static int mac_sysctl(const int *name, unsigned count, void *old, size_t *bytes, void *new,
                      size_t new_bytes)
{
    (void)new, (void)new_bytes;
    if (count == 4 && name[0] == 1 && name[1] == 14 && name[2] == 1 && *bytes >= 16) {
        struct timespec now, up;
        char path[64], text[1024];
        snprintf(path, sizeof path, "/proc/%d/stat", name[3]);
        FILE *file = fopen(path, "r");
        if (!file)
            return libsystem_failed();
        size_t n = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[n] = 0;
        unsigned long long ticks = 0;
        char *p = strrchr(text, ')');
        if (!p ||
            sscanf(
                p + 2,
                "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                &ticks) != 1)
            return -1;
        clock_gettime(CLOCK_REALTIME, &now);
        clock_gettime(CLOCK_BOOTTIME, &up);
        int64_t began = ((int64_t)(now.tv_sec - up.tv_sec) * 100 + (int64_t)ticks) * 10000;
        memset(old, 0, *bytes);
        *(int64_t *)old = began / 1000000;
        ((int32_t *)old)[2] = (int32_t)(began % 1000000);
        return 0;
    }
    if (count == 3 && name[0] == 1 && name[1] == 49) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/cmdline", name[2]);
        FILE *file = fopen(path, "r");
        if (!file || *bytes < 64)
            return -1;
        char *to = old;
        size_t room = *bytes, used = sizeof(int);
        to[used++] = 'x'; /* the program's file */
        to[used++] = 0;
        size_t first = used;
        used += fread(to + used, 1, room - used, file);
        fclose(file);
        int arguments = 0;
        for (size_t i = first; i < used; i++)
            arguments += !to[i];
        memcpy(to, &arguments, sizeof arguments);
        snprintf(path, sizeof path, "/proc/%d/environ", name[2]);
        if ((file = fopen(path, "r"))) {
            used += fread(to + used, 1, room - used, file);
            fclose(file);
        }
        *bytes = used;
        return 0;
    }
    errno = ENOENT;
    return -1;
}

/* POSIX_SPAWN_SETEXEC and others of macOS's own are not known here. */
static int mac_spawn(pid_t *pid, const char *path, const void *actions, const void *attributes,
                     char *const arguments[], char *const environment[])
{
    if (actions || attributes)
        return 22;
    int error = posix_spawn(pid, path, NULL, NULL, arguments, environment);
    return error ? libsystem_errno(error) : 0;
}

static int mac_spawnp(pid_t *pid, const char *path, const void *actions, const void *attributes,
                      char *const arguments[], char *const environment[])
{
    if (actions || attributes)
        return 22;
    int error = posix_spawnp(pid, path, NULL, NULL, arguments, environment);
    return error ? libsystem_errno(error) : 0;
}

static int mac_spawn_flags(const void *attributes, short *flags)
{
    (void)attributes;
    *flags = 0;
    return 0;
}

static int mac_execvP(const char *file, const char *folders, char *const arguments[])
{
    (void)folders;
    return done(execvp(file, arguments));
}

const struct adapter libsystem_library[] = {
    {"_renamex_np", mac_renamex},
    {"_getrlimit", mac_getrlimit},
    {"_mincore", mac_mincore},
    {"_minherit", mac_minherit},
    {"_munlock", mac_munlock},
    {"_vm_read_overwrite", mac_read_overwrite},
    {"_thread_switch", mac_thread_switch},
    {"_pthread_is_threaded_np", mac_is_threaded},
    {"_sigpending", mac_sigpending},
    {"_sigwait", mac_sigwait},
    {"_sigaltstack", mac_sigaltstack},
    {"_issetugid", mac_issetugid},
    {"_sysctl", mac_sysctl},
    {"_posix_spawn", mac_spawn},
    {"_posix_spawnp", mac_spawnp},
    {"_posix_spawnattr_getflags", mac_spawn_flags},
    {"_execvP", mac_execvP},
    {"_poll", poll}, /* POLLOUT, POLLERR, POLLHUP and POLLNVAL have the same bits */
    {NULL, NULL},
};
