/* SPDX-License-Identifier: MIT
 *
 * Allocates for ever and tells of each block through standard output after it has it, until somebody kills it:
 * known_kill THREADS. One message is 12 bytes, and so is written as a whole: the thread, the number of its blocks.
 *
 * known_kill early CHILDREN: children that allocate at once, and say when they begin and when they are done. Every tenth is killed
 * when it is done, the others at random before that, by how long those take.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile sink;

static __attribute__((noinline)) void allocate(void)
{
    sink = malloc(48);
}

static void *work(void *arg)
{
    uint32_t thread = (uint32_t)(uintptr_t)arg;
    for (uint64_t count = 1;; count++) {
        char message[12];
        allocate();
        memcpy(message, &thread, 4);
        memcpy(message + 4, &count, 8);
        if (write(1, message, sizeof message) != sizeof message)
            _exit(1);
    }
    return NULL;
}

static __attribute__((noreturn)) void early_child(int tell)
{
    char byte = 0;
    if (write(tell, &byte, 1) != 1)
        _exit(1);
    for (int k = 0; k < 1000; k++)
        allocate();
    if (write(tell, &byte, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* Until the child has told of its end, or for so many looks at it. Returns how many. */
static long watch(int told, long most)
{
    char byte;
    long looks = 0;
    while (looks < most && read(told, &byte, 1) != 1)
        looks++;
    return looks;
}

static int early(int children)
{
    unsigned seed = 7;
    long whole = 0;
    allocate();
    for (int i = 0; i < children; i++) {
        int told[2], status;
        char byte;
        if (pipe(told))
            return 1;
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (!child)
            early_child(told[1]);
        if (read(told[0], &byte, 1) != 1 || fcntl(told[0], F_SETFL, O_NONBLOCK))
            return 1;
        if (i % 10 == 0)
            whole = watch(told[0], LONG_MAX);
        else
            watch(told[0], rand_r(&seed) % (whole + whole / 8 + 1));
        if (kill(child, SIGKILL) || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
            return 1;
        close(told[0]);
        close(told[1]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "early"))
        return early(atoi(argv[2]));
    uintptr_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    pthread_t thread;
    for (uintptr_t i = 1; i < threads; i++)
        if (pthread_create(&thread, NULL, work, (void *)i))
            return 1;
    work(NULL);
}
