/* SPDX-License-Identifier: MIT
 *
 * Detached threads that do nothing, with large stacks: each ends by unmapping the stacks of others, for which the loader frees what
 * another thread has left. That is such a thread's first event, and comes after its destructors.
 */
#include <pthread.h>

#include "torture.h"

enum { THREADS = 3000, CREATORS = 2, STACK = 16 << 20, ALIVE = 64 };

static pthread_attr_t detached;
static unsigned made, ended;

static void *nothing(void *unused)
{
    __atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
    return unused;
}

static void *create(void *unused)
{
    (void)unused;
    while (__atomic_load_n(&made, __ATOMIC_RELAXED) < THREADS) {
        pthread_t thread;
        while (__atomic_load_n(&made, __ATOMIC_RELAXED) >
               __atomic_load_n(&ended, __ATOMIC_RELAXED) + ALIVE)
            usleep(100);
        give(take(100));
        if (pthread_create(&thread, &detached, nothing, NULL) == 0)
            __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(void)
{
    pthread_t creators[CREATORS];
    CHECK(pthread_attr_init(&detached) == 0);
    CHECK(pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0);
    CHECK(pthread_attr_setstacksize(&detached, STACK) == 0);
    for (int i = 0; i < CREATORS; i++)
        CHECK(pthread_create(&creators[i], NULL, create, NULL) == 0);
    for (int i = 0; i < CREATORS; i++)
        CHECK(pthread_join(creators[i], NULL) == 0);
    while (__atomic_load_n(&ended, __ATOMIC_RELAXED) < made)
        usleep(1000);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
