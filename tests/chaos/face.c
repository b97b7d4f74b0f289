/* SPDX-License-Identifier: MIT
 *
 * What a process can see of itself. It allocates nothing: some of the steps leave no room.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos.h"

/* Of what kind, and what must not change unseen: the size of a file, the bytes in a pipe, the flags. */
static bool describe(int fd, char text[160])
{
    struct stat s;
    int flags = fcntl(fd, F_GETFD), bytes = 0;
    char path[40];
    if (flags < 0 || fstat(fd, &s) != 0)
        return false;
    int n = snprintf(text, 160, "%o %d %x", s.st_mode, flags, fcntl(fd, F_GETFL));
    if (S_ISFIFO(s.st_mode) && fd > 2 && ioctl(fd, FIONREAD, &bytes) == 0)
        snprintf(text + n, 40, " holds %d", bytes);
    else if (S_ISREG(s.st_mode)) {
        n += snprintf(text + n, 40, " size %ld ", (long)s.st_size);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t have = readlink(path, text + n, 60);
        text[n + (have < 0 ? 0 : have)] = '\0';
    }
    return true;
}

/* Equal ones that follow one another are told together. */
static void descriptors(void)
{
    char now[160], before[160] = "";
    struct rlimit limit;
    int first = -1, fd = 0;
    tell("descriptors"); /* there may be none */
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t most = limit.rlim_max < 30000 ? limit.rlim_max : 30000;
    for (; fd < (int)most; fd++) {
        bool open = describe(fd, now);
        if (first >= 0 && (!open || strcmp(now, before) != 0)) {
            tell("fd %d-%d %s", first, fd - 1, before);
            first = -1;
        }
        if (open && first < 0) {
            first = fd;
            strcpy(before, now);
        }
    }
    if (first >= 0)
        tell("fd %d-%d %s", first, fd - 1, before);
}

static void signals(void)
{
    sigset_t set;
    char text[70] = "";
    stack_t stack;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    for (int i = 1; i < 65; i++)
        text[i - 1] = sigismember(&set, i) == 1 ? '1' : '0';
    tell("mask %s", text);
    for (int i = 1; i < 65; i++) {
        struct sigaction a;
        if (sigaction(i, NULL, &a) != 0 || a.sa_handler == SIG_DFL)
            continue;
        unsigned masked = 0;
        for (int j = 1; j < 65; j++)
            masked += sigismember(&a.sa_mask, j) == 1;
        tell("signal %d %s %x %u", i, a.sa_handler == SIG_IGN ? "ignored" : "caught",
             (unsigned)a.sa_flags, masked);
    }
    if (sigaltstack(NULL, &stack) == 0)
        tell("altstack %x %zu", (unsigned)stack.ss_flags, stack.ss_size);
    for (int i = 0; i < 3; i++) {
        struct itimerval timer;
        if (getitimer((__itimer_which_t)i, &timer) == 0)
            tell("timer %d %ld", i, (long)timer.it_interval.tv_usec);
    }
}

/* What memtrace itself is told by is not counted. */
static void environment(void)
{
    extern char **environ;
    unsigned n = 0, sum = 5381;
    for (char **e = environ; e && *e; e++) {
        if (!strncmp(*e, "MEMTRACE_", 9) || !strncmp(*e, "LD_PRELOAD=", 11) ||
            !strncmp(*e, "CHAOS_FAULT=", 12) || **e == 'x')
            continue;
        n++;
        for (const char *c = *e; *c; c++)
            sum = sum * 33 + (unsigned char)*c;
    }
    tell("environment %u %u", n, sum);
}

static void rights(void)
{
    uid_t u[3];
    gid_t g[3];
    static char path[4096];
    char name[16] = "";
    mode_t mask = umask(0);
    umask(mask);
    getresuid(&u[0], &u[1], &u[2]);
    getresgid(&g[0], &g[1], &g[2]);
    tell("user %u %u %u %u %u %u mask %o", u[0], u[1], u[2], g[0], g[1], g[2], mask);
    bool there = getcwd(path, sizeof path) != NULL;
    tell("folder %s",
         there ? strncmp(path, "/tmp/chaos-gone", 15) ? path : "gone" : error_name(errno));
    prctl(PR_GET_NAME, name, 0, 0, 0);
    tell("prctl %d %d %d %d %d %s", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
         prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0),
         prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), name);
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
            tell("limit %d %ld %ld", i, (long)limit.rlim_cur, (long)limit.rlim_max);
    }
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    tell("class %d nice %d processors %d personality %x", sched_getscheduler(0),
         getpriority(PRIO_PROCESS, 0), CPU_COUNT(&set), (unsigned)personality(0xffffffff));
}

/* The number after `key` in one of /proc's files of this process; -1: there is none to be had. */
static long from_proc(const char *path, const char *key)
{
    static char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n < 0)
        return -1;
    text[n] = '\0';
    char *at = strstr(text, key);
    return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* A thread that has been joined is still counted for a moment. */
static void threads(void)
{
    struct timespec moment = {0, 1000000};
    long n = 0;
    for (int i = 0; i < 1000; i++) {
        n = from_proc("/proc/self/status", "Threads:");
        if (n <= 1 + chaos_background)
            break;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    }
    tell("threads %ld", n);
}

/* n > 0: what is cheap. */
void step_face(const struct step *step)
{
    int status;
    tell("vm %ld locked %ld", from_proc("/proc/self/status", "VmSize:"),
         from_proc("/proc/self/status", "VmLck:"));
    if (step->n == 0)
        descriptors();
    signals();
    environment();
    rights();
    if (!strchr(chaos_tag,
                'l')) /* after leave, which leaves a thread that is dead and still counted */
        threads();
    pthread_key_t key;
    if (pthread_key_create(&key, NULL) == 0) {
        tell("key %u", key); /* the numbers, too, are as ever */
        pthread_key_delete(key);
    }
    pid_t child = waitpid(-1, &status, WNOHANG | __WALL);
    tell("children %s", child < 0 ? error_name(errno) : "some");
}
