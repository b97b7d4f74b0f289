/* SPDX-License-Identifier: MIT
 *
 * Forks while three other threads allocate and release. The children allocate, start a thread, fork again, and leave.
 */
#include <pthread.h>

#include "torture.h"

static int stop;

static void *busy(void *seed)
{
    void *kept[64] = {0};
    unsigned state = (unsigned)(uintptr_t)seed;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        state = state * 1103515245u + 12345u;
        void **slot = &kept[(state >> 16) % 64];
        give(*slot);
        *slot = take(16 + (state >> 8) % 5000);
    }
    for (int i = 0; i < 64; i++)
        give(kept[i]);
    return NULL;
}

static void *short_work(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++)
        give(take(33 + (size_t)i));
    return NULL;
}

static __attribute__((noreturn)) void child(int depth)
{
    torture_child();
    for (int i = 0; i < 50; i++)
        give(take(100 + (size_t)i));
    take(5555);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, short_work, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    if (!depth) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid)
            child(1);
        CHECK(reap(pid) == 0);
    }
    torture_tell();
    _exit(0);
}

int main(int argc, char **argv)
{
    int forks = argc > 1 ? atoi(argv[1]) : 500;
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, busy, (void *)(i + 1)) == 0);
    for (int i = 0; i < forks; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid)
            child(i % 10);
        CHECK(reap(pid) == 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(torture.taken == torture.given);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
