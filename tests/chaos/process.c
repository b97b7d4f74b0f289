/* SPDX-License-Identifier: MIT
 *
 * Steps that make processes.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos.h"

extern char **environ;

/* n: how the child ends: by _exit, by exit, by return to the steps' end, by a signal. */
static _Noreturn void child(const char *tag, const struct step *step)
{
    be(tag);
    alone();
    do_steps(step->list, step->length);
    if (step->n % 4 == 1)
        exit(5);
    if (step->n % 4 == 2)
        kill(getpid(), SIGKILL);
    if (step->n % 4 == 3)
        quick_exit(6);
    _exit(4);
}

void step_fork(const struct step *step)
{
    char tag[128];
    next_tag(tag);
    pid_t pid = fork();
    if (!pid)
        child(tag, step);
    reap("fork", pid);
}

/* n children at the same time, each forked before the one before it has ended. */
void step_forks(const struct step *step)
{
    char tag[128];
    pid_t pids[16];
    long n = step->n > 16 ? 16 : step->n;
    for (long i = 0; i < n; i++) {
        next_tag(tag);
        pids[i] = fork();
        if (!pids[i])
            child(tag, &(struct step){.n = i % 2, .list = step->list, .length = step->length});
        work(2);
    }
    for (long i = 0; i < n; i++)
        reap("forks", pids[i]);
}

/* By the system call alone: no handler of pthread_atfork runs. */
void step_rawfork(const struct step *step)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (!pid) {
        uint64_t sum = work((unsigned)step->n);
        _exit(sum != 0 || !step->n ? 3 : 33);
    }
    reap("rawfork", pid);
}

static int in_our_memory(void *argument)
{
    work((unsigned)*(long *)argument);
    return 9;
}

/* A child in our memory, for which we wait, on a stack of its own. */
void step_clonevm(const struct step *step)
{
    size_t size = 64 << 10;
    long n = step->n;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        return;
    reap("clonevm", clone(in_our_memory, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, &n));
    munmap(stack, size);
}

void step_vfork(const struct step *step)
{
    char tag[128];
    next_tag(tag);
    char **command = command_of(tag, step);
    pid_t pid = vfork();
    if (!pid) {
        if (step->n % 3 == 1)
            _exit(8);
        if (step->n % 3 == 2)
            execv("/nowhere/to/be/found", command);
        execv(command[0], command);
        _exit(127);
    }
    reap("vfork", pid);
}

void step_spawn(const struct step *step)
{
    char tag[128];
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t set;
    pid_t pid = -1;
    next_tag(tag);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    if (step->n & 1) {
        sigemptyset(&set);
        posix_spawnattr_setsigmask(&attributes, &set);
        sigfillset(&set);
        posix_spawnattr_setsigdefault(&attributes, &set);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    if (step->n & 2)
        posix_spawn_file_actions_adddup2(&actions, 1, 7);
    if (step->n & 4)
        posix_spawn_file_actions_addclose(&actions, 2);
    char **command = command_of(tag, step);
    errno = posix_spawn(&pid, command[0], &actions, &attributes, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    reap("spawn", pid);
}

/* The rest of the list is not done any more. n: with this environment, with none, by descriptor's path. */
void step_exec(const struct step *step)
{
    char tag[128], *none[] = {NULL}, *one[] = {(char *)"CHAOS=1", NULL};
    next_tag(tag);
    char **command = command_of(tag, step);
    quiet();
    if (step->n % 4 == 1)
        execve(command[0], command, none);
    else if (step->n % 4 == 2)
        execve(command[0], command, one);
    else if (step->n % 4 == 3)
        execve("/proc/self/exe", command, environ);
    else
        execv(command[0], command);
    tell("exec: %s", error_name(errno));
}

/* One that fails, and the program goes on. */
void step_noexec(const struct step *step)
{
    char *command[] = {(char *)"nothing", NULL}, *folder[] = {chaos_top, NULL};
    if (step->n % 2)
        execv("/nowhere/to/be/found", command);
    else
        execv(chaos_top, folder);
    tell("noexec: %s", error_name(errno));
    work(3);
}

void step_system(const struct step *step)
{
    char command[40];
    snprintf(command, sizeof command, "x=`echo a`; exit %ld", step->n);
    int status = system(command);
    tell("system: %d", status < 0 ? errno : status);
}

void step_popen(const struct step *step)
{
    char line[100] = "";
    FILE *f =
        popen(step->n % 2 ? "echo one; echo two >&2" : "cat /nowhere 2>/dev/null; echo end", "r");
    if (!f) {
        tell("popen: %s", error_name(errno));
        return;
    }
    while (!fgets(line, sizeof line, f) && ferror(f) && errno == EINTR)
        clearerr(f);
    line[strcspn(line, "\n")] = '\0';
    int status = pclose(f);
    tell("popen: %s %d", line, status < 0 ? -errno : status);
}

/* It goes on by itself; run.py waits for it. */
void step_daemon(const struct step *step)
{
    char tag[128];
    next_tag(tag);
    pid_t pid = fork();
    if (!pid) {
        alone();
        if (daemon(step->n & 1, step->n >> 1 & 1) != 0)
            _exit(77);
        child(tag, step);
    }
    reap("daemon", pid);
}

/* A child under ptrace; its alarms are passed on and not told. */
void step_ptrace(const struct step *step)
{
    char tag[128];
    int status;
    next_tag(tag);
    pid_t pid = fork();
    if (!pid) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0)
            raise(SIGSTOP);
        child(tag, step);
    }
    if (pid < 0) {
        tell("ptrace: %s", error_name(errno));
        return;
    }
    for (;;) {
        pid_t got = waitpid(pid, &status, __WALL);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || !WIFSTOPPED(status))
            break;
        int number = WSTOPSIG(status);
        if (number != SIGALRM && number != SIGCHLD) /* several may be one */
            tell("ptrace: stopped by %d", number);
        ptrace(step->n & 4 ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
               number == SIGSTOP || number == SIGTRAP ? 0 : number);
        if (step->n & 4) { /* only its first call is looked at */
            do
                got = waitpid(pid, &status, __WALL);
            while (got < 0 && errno == EINTR);
            if (got < 0 || !WIFSTOPPED(status))
                break;
            ptrace(PTRACE_CONT, pid, 0, 0);
        }
    }
    tell("ptrace: %d", status);
}

void step_unshare(const struct step *step)
{
    static const int what[] = {CLONE_FILES,  CLONE_FS,     CLONE_NEWNS,  CLONE_NEWUTS,
                               CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER};
    tell_result("unshare", unshare(what[step->n % 8]));
}

void step_session(const struct step *step)
{
    (void)step;
    tell("session: %d", setsid() > 0 ? 1 : -errno);
}
