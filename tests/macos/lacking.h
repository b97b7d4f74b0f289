/* SPDX-License-Identifier: MIT
 *
 * What macOS's C library does not have and programs of tests/programs use: barriers. And what calls them back: below the small loader it
 * would be in glibc, whose frames the library could not know, as it reads the unwind tables of Mach-O files.
 */
#ifndef LACKING_H
#define LACKING_H

#include <pthread.h>
#include <search.h>
#include <stdint.h>

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

__attribute__((unused, noinline)) static void *
here_lfind(const void *key, const void *base, size_t *count, size_t bytes,
           int (*compare)(const void *, const void *))
{
    const char *at = base;
    for (size_t i = 0; i < *count; i++, at += bytes)
        if (!compare(key, at))
            return (void *)(uintptr_t)at;
    return NULL;
}
#define lfind here_lfind

#endif
