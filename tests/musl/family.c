/* SPDX-License-Identifier: MIT
 *
 * A process and what it starts, by every way: family PROGRAM... starts the first of them, with the others as its arguments. Built
 * with either libc, so that a family is mixed. Prints who it is and how its children ended.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char command[4096];

static int status_of(pid_t pid)
{
    int status;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int forked(char **rest)
{
    pid_t pid = fork();
    if (!pid) {
        execv(rest[0], rest);
        _exit(126);
    }
    return status_of(pid);
}

static int vforked(char **rest)
{
    pid_t pid = vfork();
    if (!pid) {
        execvp(rest[0], rest);
        _exit(126);
    }
    return status_of(pid);
}

static int spawned(char **rest)
{
    pid_t pid;
    return posix_spawnp(&pid, rest[0], NULL, NULL, rest, environ) ? -1 : status_of(pid);
}

static int by_system(char **rest)
{
    (void)rest;
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int by_popen(char **rest)
{
    char line[4096];
    (void)rest;
    FILE *pipe = popen(command, "r");
    while (pipe && fgets(line, sizeof line, pipe))
        fputs(line, stdout);
    int status = pipe ? pclose(pipe) : -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((noinline)) static char *take(size_t bytes)
{
    char *block = malloc(bytes);
    memset(block, 1, bytes);
    return block;
}

int main(int count, char **arguments)
{
    static int (*const ways[])(char **) = {forked, vforked, spawned, by_system, by_popen};
    char *kept = take(10000 + (size_t)count);
    for (int i = 1; i < count; i++)
        strcat(strcat(command, arguments[i]), " ");
    for (size_t i = 0; count > 1 && i < sizeof ways / sizeof ways[0]; i++) {
        fflush(stdout);
        printf("%s started %s: status %d\n", arguments[0], arguments[1], ways[i](arguments + 1));
    }
    printf("%s: %d, %s\n", arguments[0], kept[9999], getenv("LD_PRELOAD") ? "preloaded" : "plain");
    return 7;
}
