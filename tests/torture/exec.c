/* SPDX-License-Identifier: MIT
 *
 * A process that replaces itself, by each of the exec functions in turn; one that fails leaves no trace; the last but one has
 * no environment, so what it becomes is not traced.
 */
#include <pthread.h>

#include "torture.h"

extern char **environ;
static char self[4096];

static void fails(char **arguments)
{
    errno = 0;
    CHECK(execve("/nonexistent", arguments, environ) == -1 && errno == ENOENT);
    CHECK(execv("/", arguments) == -1 && errno == EACCES);
    CHECK(execvp("nonexistent-program", arguments) == -1 && errno == ENOENT);
    CHECK(execl("/nonexistent", "a", "b", (char *)NULL) == -1 && errno == ENOENT);
    CHECK(execlp("nonexistent-program", "a", "b", (char *)NULL) == -1 && errno == ENOENT);
    CHECK(execle("/nonexistent", "a", "b", (char *)NULL, environ) == -1 && errno == ENOENT);
    CHECK(fexecve(-1, arguments, environ) == -1);
    CHECK(execveat(-1, "nonexistent", arguments, environ, 0) == -1 && errno == EBADF);
}

static void *from_thread(void *next)
{
    execl(self, "exec", (char *)next, "as", "execl", "in", "a", "thread", (char *)NULL);
    return NULL;
}

/* Become step `next`, by that step's own function. Returns if it failed. */
static void replace(int step, char *next)
{
    char *arguments[] = {"exec", next, "as", "usual", NULL};
    char *nothing[] = {NULL}, cut[] = "PATH=/";
    char *one[] = {cut, NULL};
    switch (step) {
    case 0:
        execve(self, arguments, environ);
        break;
    case 1:
        execv(self, arguments);
        break;
    case 2:
        execvp(self, arguments);
        break;
    case 3:
        execl(self, "exec", next, "1", "2", "3", "4", "5", "6", "7", (char *)NULL);
        break;
    case 4:
        execlp(self, "exec", next, "execlp", (char *)NULL);
        break;
    case 5:
        execle(self, "exec", next, "execle", (char *)NULL, environ);
        break;
    case 6:
        execvpe(self, arguments, environ);
        break;
    case 7: {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, from_thread, next) == 0);
        pthread_join(thread, NULL);
        break;
    }
    case 8: {
        int fd = open(self, O_RDONLY | O_CLOEXEC);
        if (environ[0])
            fexecve(fd, arguments, environ);
        break;
    }
    case 9:
        torture_tell_as("exec");
        execve(self, arguments, nothing);
        break;
    case 10:
        execle(self, "exec", next, "one variable", (char *)NULL, one);
        break;
    }
}

int main(int argc, char **argv)
{
    int step = argc > 1 ? atoi(argv[1]) : 0;
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    printf("step %d:", step);
    for (int i = 2; i < argc; i++)
        printf(" %s", argv[i]);
    printf("\n");
    fflush(stdout);
    char next[8];
    snprintf(next, sizeof next, "%d", step + 1);
    char *arguments[] = {"exec", next, "as", "usual", NULL};
    give(take(50 + (size_t)step));
    take(500 + (size_t)step);
    fails(arguments);
    give(take(60));
    if (step < 9)
        torture_tell_as("exec");
    replace(step, next);
    return step > 10 ? 21 : 1;
}
