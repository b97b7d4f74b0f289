/* SPDX-License-Identifier: MIT
 *
 * Other programs, started in every way: posix_spawn, system, popen, vfork, clone. "leaf N": what they run, itself.
 */
#include <sched.h>
#include <signal.h>
#include <spawn.h>

#include "torture.h"

extern char **environ;
static char self[4096];

static int leaf(int blocks)
{
    for (int i = 0; i < blocks; i++)
        give(take(10 + (size_t)i));
    take(4321);
    torture_tell_as("exit 5");
    return 5;
}

/* A child that shares its parent's memory may do nothing but exec or _exit. */
static void by_vfork(void)
{
    char *arguments[] = {self, "leaf", "3", NULL};
    pid_t pid = vfork();
    if (!pid) {
        execve(self, arguments, environ);
        _exit(1);
    }
    CHECK(WEXITSTATUS(reap(pid)) == 5);
    pid = vfork();
    if (!pid) {
        execve("/nonexistent", arguments, environ);
        _exit(errno == ENOENT ? 17 : 18);
    }
    CHECK(WEXITSTATUS(reap(pid)) == 17);
    pid = vfork();
    if (!pid)
        _exit(9);
    CHECK(WEXITSTATUS(reap(pid)) == 9);
}

static void by_clone(void)
{
    /* Behind libc's back: no fork handler runs. */
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    CHECK(pid >= 0);
    if (!pid) {
        torture_child();
        for (int i = 0; i < 100; i++)
            give(take(60 + (size_t)i));
        take(111);
        torture_tell();
        _exit(3);
    }
    CHECK(WEXITSTATUS(reap(pid)) == 3);
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "leaf"))
        return leaf(atoi(argv[2]));
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    void *kept = take(777);
    char *arguments[] = {self, "leaf", "2", NULL};
    for (int i = 0; i < 20; i++) {
        pid_t pid;
        give(take(100));
        CHECK((i % 2 ? posix_spawn : posix_spawnp)(&pid, self, NULL, NULL, arguments, environ) ==
              0);
        CHECK(WEXITSTATUS(reap(pid)) == 5);
    }
    pid_t nobody;
    CHECK(posix_spawn(&nobody, "/nonexistent", NULL, NULL, arguments, environ) == ENOENT);
    char command[4200];
    snprintf(command, sizeof command, "'%s' leaf 4; exit $(($? + 1))", self);
    CHECK(WEXITSTATUS(system(command)) == 6);
    snprintf(command, sizeof command, "'%s' leaf 4; echo $?", self);
    FILE *pipe = popen(command, "r");
    CHECK(pipe);
    char line[16];
    CHECK(fgets(line, sizeof line, pipe) && atoi(line) == 5);
    CHECK(pclose(pipe) == 0);
    for (int i = 0; i < 20; i++) {
        by_vfork();
        by_clone();
        give(take(200));
    }
    give(kept);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
