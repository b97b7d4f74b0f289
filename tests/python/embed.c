/* SPDX-License-Identifier: MIT
 *
 * A program that loads an interpreter for itself alone, late, and starts and ends it several times: in its child, in which
 * the tracker starts anew, or (a second argument is there) itself, where the tracker has to find out; then it lets go of it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 3

static const char *const code = "def grow(n):\n"
                                "    return bytearray(n)\n"
                                "len(grow(10 << 20))\n";

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);

    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void (*initialize)(int);
    int (*finalize)(void), (*run)(const char *);
    int status = 0;
    pid_t pid = 0;

    if (!library) {
        fprintf(stderr, "usage: embed LIBPYTHON; %s\n", argc > 1 ? dlerror() : "");
        return 2;
    }
    *(void **)&initialize = symbol(library, "Py_InitializeEx");
    *(void **)&finalize = symbol(library, "Py_FinalizeEx");
    *(void **)&run = symbol(library, "PyRun_SimpleString");
    if (argc == 2)
        pid = fork();
    if (pid == 0) {
        for (int i = 0; i < ROUNDS; i++) {
            initialize(0);
            status |= run(code);
            status |= finalize();
        }
        if (argc == 2)
            exit(status != 0);
        if (dlclose(library) != 0)
            return 3;
        for (int i = 0; i < 1000; i++)
            free(malloc((size_t)i + 1));
        printf("%d\n", (int)getpid());
        return status != 0;
    }
    waitpid(pid, &status, 0);
    printf("%d\n", (int)pid);
    return status != 0;
}
