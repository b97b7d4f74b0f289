/* SPDX-License-Identifier: MIT
 *
 * Allocates for ever and tells of each block through standard output after it has it, until somebody kills it:
 * known_kill THREADS. One message is 12 bytes, and so is written as a whole: the thread, the number of its blocks.
 *
 * known_kill early CHILDREN: children that allocate at once, killed by their parent a random while after they say that they will.
 */
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

static int early(int children)
{
    unsigned seed = 7;
    allocate();
    for (int i = 0; i < children; i++) {
        int ready[2];
        char byte = 0;
        if (pipe(ready))
            return 1;
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (!child) {
            if (write(ready[1], &byte, 1) != 1)
                _exit(1);
            for (int k = 0; k < 1000; k++)
                allocate();
            for (;;)
                pause();
        }
        if (read(ready[0], &byte, 1) != 1)
            return 1;
        for (volatile int spin = rand_r(&seed) % 200000; spin > 0; spin--)
            ;
        int status;
        if (kill(child, SIGKILL) || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
            return 1;
        close(ready[0]);
        close(ready[1]);
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
