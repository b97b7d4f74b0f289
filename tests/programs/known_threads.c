/* SPDX-License-Identifier: MIT
 *
 * Threads: each allocates known amounts, blocks are released by others than those who allocated them, threads end and
 * others come. With threads under way the peak is nobody's to know, so it is not part of the answer.
 */
#include <pthread.h>

#include "known.h"

#define THREADS 6
#define BLOCKS  400
#define ROUNDS  3

static void *handed[THREADS][BLOCKS];
static pthread_barrier_t barrier;

static __attribute__((noinline)) void make(void **blocks, size_t bytes)
{
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = ALLOC(bytes, malloc(bytes));
}

static __attribute__((noinline)) void drop(void **blocks, int every)
{
    for (int i = 0; i < BLOCKS; i += every)
        RELEASE(blocks[i], free(blocks[i]));
}

static void *work(void *arg)
{
    size_t me = (size_t)(uintptr_t)arg;
    CALL_VOID(make(handed[me], 100 + 10 * me));
    pthread_barrier_wait(&barrier);
    CALL_VOID(drop(handed[(me + 1) % THREADS], 1)); /* my neighbour's */
    pthread_barrier_wait(&barrier);
    void *own = ALLOC(50000, malloc(50000));
    own = MOVE(own, 60000, realloc(own, 60000));
    RELEASE(own, free(own));
    CALL_VOID(make(handed[me], 32));
    return NULL;
}

static void *nothing(void *arg)
{
    void *p = ALLOC(77, malloc(77));
    RELEASE(p, free(p));
    return arg;
}

int main(void)
{
    pthread_t thread[THREADS];
    known_threads = 1;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < THREADS; i++)
            if (pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i))
                abort();
        for (int i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
        for (int i = 0; i < THREADS; i++)
            CALL_VOID(drop(handed[i], round == 1 ? 2 : 1)); /* of round 1 half stays for ever */
    }
    for (int i = 0; i < 100; i++) {
        if (pthread_create(&thread[0], NULL, nothing, NULL))
            abort();
        pthread_join(thread[0], NULL);
    }
    return known_end(0);
}
