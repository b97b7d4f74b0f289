/* SPDX-License-Identifier: MIT
 *
 * Steps that take rights, room or surroundings away from the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaos.h"

#define NOBODY 65534

static const struct {
    int resource;
    long soft;
} limits[] = {
    {RLIMIT_AS, 512l << 20},    {RLIMIT_DATA, 256l << 20}, {RLIMIT_NOFILE, 4},
    {RLIMIT_NOFILE, 8},         {RLIMIT_NOFILE, 64},       {RLIMIT_FSIZE, 0},
    {RLIMIT_FSIZE, 65536},      {RLIMIT_FSIZE, 1 << 20},   {RLIMIT_STACK, 256 << 10},
    {RLIMIT_STACK, 64l << 20},  {RLIMIT_CPU, 1000},        {RLIMIT_CORE, 0},
    {RLIMIT_MEMLOCK, 64 << 10}, {RLIMIT_SIGPENDING, 1},    {RLIMIT_MSGQUEUE, 0},
    {RLIMIT_NPROC, 10000},      {RLIMIT_AS, 128l << 20},   {RLIMIT_NOFILE, 1024},
    {RLIMIT_DATA, 64l << 20},   {RLIMIT_RTPRIO, 0},
};

void step_limit(const struct step *step)
{
    unsigned i = (unsigned)step->n % (sizeof limits / sizeof limits[0]);
    struct rlimit limit;
    getrlimit((__rlimit_resource_t)limits[i].resource, &limit);
    limit.rlim_cur = (rlim_t)limits[i].soft;
    tell_result("limit", setrlimit((__rlimit_resource_t)limits[i].resource, &limit));
    work(3);
}

#define ALLOW(call)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* What libc's malloc, stdio and the ways to end need. n: what happens to another call; how the filter is set. */
void step_seccomp(const struct step *step)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_brk),
        ALLOW(SYS_mmap),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_mprotect),
        ALLOW(SYS_madvise),
        ALLOW(SYS_futex),
        ALLOW(SYS_write),
        ALLOW(SYS_exit),
        ALLOW(SYS_exit_group),
        ALLOW(SYS_rt_sigreturn),
        BPF_STMT(BPF_RET | BPF_K, step->n & 1 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_TRAP),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    work(
        1); /* libc's malloc asks for a random number at its start, which may be earlier with the library */
    long done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (step->n & 2)
        done |= syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        step->n & 4 && !chaos_background ? SECCOMP_FILTER_FLAG_TSYNC : 0, &program);
    else
        done |= prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    tell("seccomp: %ld", done);
    tell("seccomp: %llu", (unsigned long long)work(10));
    if (step->n & 8)
        exit(21);
    _exit(20);
}

/* Only read, write, exit and sigreturn are left: what malloc has in its hands must do. */
void step_strict(const struct step *step)
{
    void *blocks[20];
    if (chaos_background) /* they would go on for ever */
        step_join(step);
    chaos_plain_timer(); /* a handler that maps would end it, sooner or later */
    for (int i = 0; i < 20; i++)
        blocks[i] = malloc(200);
    for (int i = 0; i < 20; i++)
        free(blocks[i]);
    tell_result("strict", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
    for (int j = 0; j < 10; j++) {
        for (int i = 0; i < 5; i++)
            blocks[i] = malloc(200);
        for (int i = 0; i < 5; i++)
            free(blocks[i]);
    }
    tell("strict: %ld", step->n);
    syscall(SYS_exit, 22);
}

void step_chroot(const struct step *step)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/root", chaos_top);
    long done = chroot(path);
    tell_result("chroot", done);
    if (!done && !(step->n & 1))
        tell_result("chdir", chdir("/"));
    work(4);
}

/* n: there and back, in two ways; or for ever. */
void step_user(const struct step *step)
{
    static const gid_t none[1];
    switch (step->n % 5) {
    case 0:
        tell_result("seteuid", seteuid(NOBODY));
        work(4);
        do_steps(step->list, step->length);
        tell_result("seteuid", seteuid(0));
        break;
    case 1:
        tell_result("setresuid", setresgid(NOBODY, NOBODY, 0) | setresuid(NOBODY, NOBODY, 0));
        work(4);
        do_steps(step->list, step->length);
        tell_result("setresuid", setresuid(0, 0, 0) | setresgid(0, 0, 0));
        break;
    case 2:
        tell_result("setfsuid", setfsuid(NOBODY));
        do_steps(step->list, step->length);
        tell_result("setfsuid", setfsuid(0));
        break;
    case 3:
        tell_result("setuid", setgroups(0, none) | setgid(NOBODY) | setuid(NOBODY));
        break;
    default:
        tell_result("setegid", setegid(NOBODY));
        work(4);
        do_steps(step->list, step->length);
        tell_result("setegid", setegid(0));
    }
    work(4);
}

void step_dumpable(const struct step *step)
{
    tell_result("dumpable", prctl(PR_SET_DUMPABLE, step->n & 1, 0, 0, 0));
}

/* As a user whose limit counts, so that what is locked is small: 32 MiB are enough for this program. */
/* Not where every descriptor is taken: then the library can't read which mappings are the program's. */
void step_lockall(const struct step *step)
{
    int spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct rlimit files;
    if (spare >= 0)
        close(spare);
    getrlimit(RLIMIT_FSIZE, &files);
    /* The library needs one, and takes no standard one; and it does nothing where it may have no log. */
    if (spare < 3 || files.rlim_cur < 1 << 20)
        return;
    struct rlimit limit = {32 << 20, RLIM_INFINITY}, old;
    uid_t user = geteuid();
    getrlimit(RLIMIT_MEMLOCK, &old);
    setrlimit(RLIMIT_MEMLOCK, &limit);
    if (seteuid(NOBODY) == 0) {
        tell_result("lockall", mlockall(step->n % 3 == 0   ? MCL_CURRENT
                                        : step->n % 3 == 1 ? MCL_FUTURE
                                                           : MCL_CURRENT | MCL_FUTURE));
        work(10);
        step_plugin(&(struct step){0});
        munlockall();
        tell_result("lockall: back", seteuid(user));
    }
    setrlimit(RLIMIT_MEMLOCK, &old);
}

void step_realtime(const struct step *step)
{
    static const int classes[] = {SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_OTHER};
    int class = classes[step->n % 5];
    struct sched_param parameter = {
        .sched_priority = class == SCHED_FIFO || class == SCHED_RR ? 1 + (int)step->n % 3 : 0};
    tell_result("realtime", sched_setscheduler(0, class, &parameter));
    work(20);
    do_steps(step->list, step->length);
    parameter.sched_priority = 0;
    tell_result("realtime", sched_setscheduler(0, SCHED_OTHER, &parameter));
}

/* On one processor only. */
void step_pin(const struct step *step)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((int)step->n & 1, &set);
    tell_result("pin", sched_setaffinity(0, sizeof set, &set));
}

void step_umask(const struct step *step)
{
    umask((mode_t)step->n & 0777);
}

/* The working folder goes. */
void step_gone(const struct step *step)
{
    char path[] = "/tmp/chaos-gone-XXXXXX";
    (void)step;
    if (!mkdtemp(path)) {
        tell("gone: %s", error_name(errno));
        return;
    }
    long done = chdir(path);
    tell("gone: %ld %d", done, rmdir(path));
}

void step_environ(const struct step *step)
{
    extern char **environ;
    static char *mine[] = {(char *)"A=1", (char *)"B=2", NULL};
    if (step->n % 4 == 0)
        clearenv();
    else if (step->n % 4 == 1)
        environ = NULL;
    else if (step->n % 4 == 2)
        environ = mine;
    else if (environ) /* its texts, as programs do that write a title there */
        for (char **e = environ; *e; e++)
            memset(*e, 'x', strlen(*e));
    tell("environ: %d", getenv("PATH") != NULL);
}

void step_prctl(const struct step *step)
{
    switch (step->n % 5) {
    case 0:
        tell_result("name", prctl(PR_SET_NAME, "another name", 0, 0, 0));
        break;
    case 1:
        tell_result("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        break;
    case 2:
        tell_result("slack", prctl(PR_SET_TIMERSLACK, 100000, 0, 0, 0));
        break;
    case 3:
        tell_result("reaper", prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
        break;
    default:
        tell_result("keep", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    }
}
