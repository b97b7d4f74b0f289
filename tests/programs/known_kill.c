/* SPDX-License-Identifier: MIT
 *
 * Allocates for ever and tells of each block through standard output after it has it, until somebody kills it:
 * known_kill THREADS. One message is 12 bytes, and so is written as a whole: the thread, the number of its blocks.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

int main(int argc, char **argv)
{
    uintptr_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    pthread_t thread;
    for (uintptr_t i = 1; i < threads; i++)
        if (pthread_create(&thread, NULL, work, (void *)i))
            return 1;
    work(NULL);
}
