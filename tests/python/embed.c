/* SPDX-License-Identifier: MIT
 *
 * A program that loads an interpreter for itself alone, late, and starts and ends it several times. Its child, in which the
 * tracker starts anew, has Python frames from the beginning.
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
    pid_t pid;

    if (!library) {
        fprintf(stderr, "usage: embed LIBPYTHON; %s\n", argc > 1 ? dlerror() : "");
        return 2;
    }
    *(void **)&initialize = symbol(library, "Py_InitializeEx");
    *(void **)&finalize = symbol(library, "Py_FinalizeEx");
    *(void **)&run = symbol(library, "PyRun_SimpleString");
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < ROUNDS; i++) {
            initialize(0);
            status |= run(code);
            status |= finalize();
        }
        exit(status != 0);
    }
    waitpid(pid, &status, 0);
    printf("%d\n", (int)pid);
    return status != 0;
}
