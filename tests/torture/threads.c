/* SPDX-License-Identifier: MIT
 *
 * Twenty thousand threads, or as many as are asked for, a few at a time: each takes blocks that another thread gives back, leaves one to a destructor of
 * thread-specific data that frees and sets itself again, and ends by return, pthread_exit or pthread_cancel.
 */
#include <pthread.h>

#include "torture.h"

static pthread_key_t key;
static void *mailbox[256];

static void destroy(void *value)
{
    uint64_t *rounds = value;
    give(take(48));
    if (rounds[1]++ < 2)
        pthread_setspecific(key, value);
    else
        give(value);
}

static void cleanup(void *block)
{
    give(take(72));
    give(block);
}

static void *work(void *argument)
{
    uintptr_t number = (uintptr_t)argument;
    uint64_t *left = take(64);
    left[1] = 0;
    pthread_setspecific(key, left);
    for (unsigned i = 0; i < 4; i++)
        give(__atomic_exchange_n(&mailbox[(number * 7 + i) % 256], take(100 + number % 50),
                                 __ATOMIC_ACQ_REL));
    if (number % 3 == 0)
        pthread_exit(NULL);
    if (number % 3 == 1) {
        void *block = take(200);
        pthread_cleanup_push(cleanup, block);
        for (int i = 0; i < 20; i++) { /* malloc is no cancellation point, traced or not */
            give(take(24));
            pthread_testcancel();
        }
        for (;;)
            pause();
        pthread_cleanup_pop(0);
    }
    return NULL;
}

#define AT_ONCE 16

int main(int argc, char **argv)
{
    uintptr_t rounds = argc > 1 ? (uintptr_t)atoi(argv[1]) : 20000;
    CHECK(pthread_key_create(&key, destroy) == 0);
    pthread_t threads[AT_ONCE];
    for (uintptr_t i = 0; i < rounds + AT_ONCE; i++) {
        if (i >= AT_ONCE) {
            pthread_t old = threads[i % AT_ONCE];
            if ((i - AT_ONCE) % 3 == 1)
                CHECK(pthread_cancel(old) == 0);
            void *result;
            CHECK(pthread_join(old, &result) == 0);
            CHECK(result == ((i - AT_ONCE) % 3 == 1 ? PTHREAD_CANCELED : NULL));
        }
        if (i < rounds)
            CHECK(pthread_create(&threads[i % AT_ONCE], NULL, work, (void *)i) == 0);
    }
    for (int i = 0; i < 256; i++)
        give(mailbox[i]);
    CHECK(torture.taken == torture.given && torture.takes == torture.gives);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
