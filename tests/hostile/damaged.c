/* SPDX-License-Identifier: MIT
 *
 * damaged LIBRARY...: for each library a child that loads it, allocates through it, and unloads it. Prints how each child ended.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int use(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW);
    if (!handle)
        return 3;
    void *(*damaged)(int) = NULL;
    *(void **)&damaged = dlsym(handle, "damaged");
    if (!damaged)
        return 4;
    for (int i = 0; i < 3; i++)
        free(damaged(8));
    return dlclose(handle) ? 5 : 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int status;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            alarm(60); /* an endless loop */
            _exit(use(argv[i]));
        }
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 1;
        printf("%d %s %d\n", i, WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return 0;
}
