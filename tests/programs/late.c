/* SPDX-License-Identifier: MIT
 *
 * late EVENTS: a thread that allocates and releases in the last round of the destructors of its thread-specific data, when
 * everybody else has cleaned up.
 */
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static pthread_key_t key;
static long events;

static void destroy(void *value)
{
    uintptr_t round = (uintptr_t)value;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(key, (void *)(round + 1));
        return;
    }
    for (long i = 0; i < events / 2; i++) {
        void *volatile block = malloc(16 + (size_t)(i % 1000));
        free(block);
    }
}

static void *run(void *unused)
{
    (void)unused;
    void *volatile block = malloc(100);
    free(block);
    pthread_setspecific(key, (void *)1);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    events = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    if (pthread_key_create(&key, destroy) || pthread_create(&thread, NULL, run, NULL))
        return 1;
    return pthread_join(thread, NULL);
}
