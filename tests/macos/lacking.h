/* SPDX-License-Identifier: MIT
 *
 * What macOS's C library does not have and programs of tests/programs use: barriers.
 */
#ifndef LACKING_H
#define LACKING_H

#include <pthread.h>

typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    unsigned count, here, round;
} pthread_barrier_t;

__attribute__((unused)) static void pthread_barrier_init(pthread_barrier_t *b, const void *unused,
                                                         unsigned count)
{
    (void)unused;
    *b = (pthread_barrier_t){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, count, 0, 0};
}

__attribute__((unused)) static void pthread_barrier_wait(pthread_barrier_t *b)
{
    pthread_mutex_lock(&b->mutex);
    unsigned round = b->round;
    if (++b->here == b->count) {
        b->here = 0;
        b->round++;
        pthread_cond_broadcast(&b->condition);
    }
    while (round == b->round)
        pthread_cond_wait(&b->condition, &b->mutex);
    pthread_mutex_unlock(&b->mutex);
}

#endif
