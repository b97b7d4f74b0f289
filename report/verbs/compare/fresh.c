/* SPDX-License-Identifier: MIT */
#include "verbs/compare/fresh.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "verbs/run.h"

/* Reads all logs in the folder, and removes them with it. */
static void read_folder(const char *folder, pid_t pid, fresh_read *read, void *context)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            continue;
        read(path, pid, context);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static bool make_folder(char folder[PATH_MAX])
{
    const char *base = getenv("TMPDIR");
    char real[PATH_MAX];
    if (!realpath(base && *base ? base : "/tmp", real))
        snprintf(real, sizeof real, "/tmp");
    if (snprintf(folder, PATH_MAX, "%s/memtrace.XXXXXX", real) < PATH_MAX && mkdtemp(folder))
        return true;
    base_say("a temporary folder in %s: %s", real, strerror(errno));
    return false;
}

/* The pattern of the logs' names: a % of the folder stands for itself. */
static void set_pattern(const char *folder)
{
    char pattern[2 * PATH_MAX];
    size_t used = 0;
    for (const char *c = folder; *c && used < PATH_MAX; c++) {
        if (*c == '%')
            pattern[used++] = '%';
        pattern[used++] = *c;
    }
    snprintf(pattern + used, sizeof pattern - used, "/%%p.mt");
    setenv("MEMTRACE_OUTPUT", pattern, 1);
}

/* Wait for the child's end, at most so many seconds (0: any time). SIGCHLD is blocked. */
static void await(pid_t pid, long seconds, struct fresh *run)
{
    struct timespec now, end;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    while (seconds && waitpid(pid, &run->status, WNOHANG) == 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        struct timespec left = {end.tv_sec - now.tv_sec, end.tv_nsec - now.tv_nsec};
        if (left.tv_nsec < 0) {
            left.tv_sec--;
            left.tv_nsec += 1000000000;
        }
        if (left.tv_sec < 0) {
            run->timed_out = true;
            kill(pid, SIGKILL);
            break;
        }
        sigtimedwait(&child, NULL, &left);
    }
    if (!seconds || run->timed_out)
        while (waitpid(pid, &run->status, 0) < 0 && errno == EINTR)
            ;
}

/* What the program says and is told, where that is not to be seen. */
static void to_nothing(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int standard = 0; fd >= 0 && standard < 3; standard++)
        dup2(fd, standard);
}

/* Becomes the program. */
static int become(char **argv, const struct fresh_how *how, const char *folder)
{
    if (how->silent)
        to_nothing();
    if (!how->traced) {
        execvp(argv[0], argv);
        return errno == ENOENT ? 127 : 126;
    }
    set_pattern(folder);
    setenv("MEMTRACE_QUIET", "1", 1);
    setenv("MEMTRACE_MIN_PEAK", "0", 1);
    return run_program(argv);
}

static uint64_t cpu_now(void)
{
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    return (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000u +
           (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000u;
}

bool fresh_run(struct fresh *fresh, char **argv, const struct fresh_how *how, fresh_read *read,
               void *context)
{
    char folder[PATH_MAX];
    sigset_t child, before;
    if (how->traced && !make_folder(folder))
        return false;
    fflush(stdout);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    uint64_t cpu = cpu_now(), start = base_now();
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        _exit(become(argv, how, folder));
    }
    /* The keys of the terminal are for the program; what it makes of them is its answer. */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    if (pid > 0) {
        await(pid, how->timeout, fresh);
        fresh->time = base_now() - start;
        fresh->cpu = cpu_now() - cpu;
    } else {
        base_say("fork: %s", strerror(errno));
    }
    if (how->traced)
        read_folder(folder, pid, read, context);
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid > 0;
}

int fresh_status(const struct fresh *fresh)
{
    return WIFSIGNALED(fresh->status) ? 128 + WTERMSIG(fresh->status) : WEXITSTATUS(fresh->status);
}
