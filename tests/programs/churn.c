/* SPDX-License-Identifier: MIT
 *
 * churn THREADS EVENTS: a benchmark that does nothing but allocate and release. Each thread takes stacks of 5 to 40 frames,
 * 512 different ones, and exchanges a block of 16 to 1,000 bytes for what stands in one of 10,000 places; a quarter of the
 * places are shared by all threads, so that blocks are released by other threads than those which took them. About EVENTS
 * allocations and releases in all, by all threads together.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACES = 10000, SHARED = PLACES / 4 };

static _Atomic(void *) shared[SHARED];

struct worker {
    pthread_t thread;
    long rounds;
    uint64_t seed;
    void *own[PLACES];
};

static uint32_t random_bits(struct worker *w)
{
    w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->seed >> 33);
}

static __attribute__((noinline)) void exchange(struct worker *w, uint32_t bits)
{
    char *block = malloc(16 + bits % 985);
    if (!block)
        abort();
    block[0] = 1;
    uint32_t place = random_bits(w) % PLACES;
    if (place < SHARED) {
        free(atomic_exchange(&shared[place], block));
    } else {
        free(w->own[place]);
        w->own[place] = block;
    }
}

typedef void step(struct worker *w, uint32_t path, int depth, uint32_t bits);
static step left, right;

/* Nine bits of `path` choose one of two functions for each of the innermost frames: 512 stacks; the depth hangs on them. */
static void descend(struct worker *w, uint32_t path, int depth, uint32_t bits)
{
    if (depth == 0)
        exchange(w, bits);
    else if (path & 1)
        left(w, path >> 1, depth - 1, bits);
    else
        right(w, path >> 1, depth - 1, bits);
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

static __attribute__((noinline)) void left(struct worker *w, uint32_t path, int depth,
                                           uint32_t bits)
{
    descend(w, path, depth, bits);
    __asm__ volatile("nop" ::: "memory");
}

static __attribute__((noinline)) void right(struct worker *w, uint32_t path, int depth,
                                            uint32_t bits)
{
    descend(w, path, depth, bits);
    __asm__ volatile("nop; nop" ::: "memory");
}

static void *work(void *arg)
{
    struct worker *w = arg;
    for (long i = 0; i < w->rounds; i++) {
        uint32_t bits = random_bits(w), path = bits % 512;
        /* Several rounds from one stack, as real loops have them. */
        descend(w, path, 3 + (int)(path * 36 / 512), bits >> 9);
    }
    for (int i = 0; i < PLACES; i++)
        free(w->own[i]);
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    long events = argc > 2 ? atol(argv[2]) : 1000000;
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!workers)
        return 1;
    for (int i = 0; i < threads; i++) {
        workers[i].rounds = events / 2 / threads;
        workers[i].seed = (uint64_t)i + 1;
        if (i && pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            return 1;
    }
    work(&workers[0]);
    for (int i = 1; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < SHARED; i++)
        free(shared[i]);
    free(workers);
    printf("%ld rounds\n", events / 2 / threads * threads);
    return 0;
}
