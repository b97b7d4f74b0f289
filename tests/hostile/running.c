/* SPDX-License-Identifier: MIT
 *
 * running THREADS: each thread takes paths that it has never taken before, and more often others again, keeps some blocks and
 * gives back others, until it is killed. It says "begun" when there is something to see.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PLACES = 1000, DEPTH = 20 };

static void *places[PLACES]; /* of all threads: what one took another releases */

static __attribute__((noinline)) void leaf(uint64_t bits)
{
    void *block = malloc(16 + bits % 2000);
    free(__atomic_exchange_n(&places[bits % PLACES], block, __ATOMIC_RELAXED));
    if (bits >> 12 & 63)
        return;
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped != MAP_FAILED)
        munmap(mapped, 4096);
}

static void right(uint64_t bits, int depth);

static __attribute__((noinline)) void left(uint64_t bits, int depth)
{
    if (depth == 0)
        leaf(bits);
    else if (bits >> depth & 1)
        left(bits, depth - 1);
    else
        right(bits, depth - 1);
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

static __attribute__((noinline)) void right(uint64_t bits, int depth)
{
    if (bits >> depth & 1 && depth)
        left(bits, depth - 1);
    else
        left(bits, depth ? depth - 1 : 0);
    __asm__ volatile("" ::: "memory");
}

static void *run(void *argument)
{
    uint64_t bits = (uint64_t)(uintptr_t)argument, known = bits;
    for (uint64_t i = 0;; i++) {
        uint64_t *path = i % 200 ? &known : &bits;
        *path = *path * 6364136223846793005u + 1442695040888963407u;
        left(i % 200 ? known >> 58 << DEPTH / 2 : bits >> 20, DEPTH);
        if (argument == NULL && i == 2000 && write(1, "begun\n", 6) != 6)
            return NULL;
        if (i % 50 == 0) /* the reader wants a processor, too, and a log that does not outgrow it */
            usleep(200);
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;
    alarm(120); /* in case nobody kills it */
    for (long i = 1; i < (argc > 1 ? strtol(argv[1], NULL, 10) : 1); i++)
        if (pthread_create(&thread, NULL, run, (void *)i))
            return 1;
    run(NULL);
    return 0;
}
