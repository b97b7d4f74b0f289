/* SPDX-License-Identifier: MIT
 *
 * A thread drops a lock, and at any instant of that one of real-time priority comes, on the same processor, and lends it that
 * priority: it gets the lock, and the first one does not keep the priority. Neither sleeps, so nothing else would take it away.
 * Status 77: this process may not have such priorities.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void instant(void);

/* Before each atomic operation of the lock. A macro's own name in its text is not expanded again. */
#define __atomic_load_n(at, order)         (instant(), __atomic_load_n(at, order))
#define __atomic_store_n(at, value, order) (instant(), __atomic_store_n(at, value, order))
#define __atomic_fetch_add(at, add, order) (instant(), __atomic_fetch_add(at, add, order))
#define __atomic_compare_exchange_n(at, old, new, weak, yes, no)                                   \
    (instant(), __atomic_compare_exchange_n(at, old, new, weak, yes, no))

#include "../../interpose/base/lock.c"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: instant %d: %s\n", __FILE__, __LINE__, at, #what);             \
            _exit(1); /* the other thread may wait for ever */                                     \
        }                                                                                          \
    } while (0)

static struct mt_lock lock;
static cpu_set_t one;
static sem_t come;
static volatile bool got;      /* the one of real-time priority had the lock */
static int at;                 /* the instant at which it comes */
static __thread int left = -1; /* so many come before it; -1: it does not come */

static bool lent(void)
{
    return *(volatile uint32_t *)&lock.holder >> 31;
}

static void instant(void)
{
    if (left < 0 || left--)
        return;
    sem_post(&come);
    while (!lent() && !got)
        ;
}

static void begin(void)
{
    mt_lock_self = (uint32_t)gettid();
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
}

static void *high(void *unused)
{
    struct sched_param param = {.sched_priority = 50};

    begin();
    CHECK(pthread_setschedparam(pthread_self(), SCHED_RR, &param) == 0);
    while (sem_wait(&come) != 0)
        ;
    mt_lock_take(&lock);
    got = true;
    mt_lock_drop(&lock);
    return unused;
}

/* Of this thread, as the system has it now: below 0 if it is of real time. */
static int priority(void)
{
    char text[512] = "";
    FILE *f = fopen("/proc/thread-self/stat", "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    char *p = n ? strrchr(text, ')') : NULL;

    if (f)
        fclose(f);
    for (int field = 2; p && field < 18; field++)
        p = strchr(p + 1, ' ');
    CHECK(p);
    return atoi(p);
}

static double used(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* False: the lock is dropped in fewer instants than this. */
static bool play(void)
{
    pthread_t thread;
    bool came;

    got = false;
    CHECK(pthread_create(&thread, NULL, high, NULL) == 0);
    mt_lock_take(&lock);
    left = at;
    mt_lock_drop(&lock);
    came = left < 0;
    left = -1;
    if (!came)
        sem_post(&come);
    for (double end = used() + 20; !got;) /* of this thread's own time: it keeps the processor */
        CHECK(used() < end);
    CHECK(priority() >= 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(!lock.holder && !lock.waiting && !lock.lending);
    return came;
}

int main(void)
{
    struct sched_param param = {.sched_priority = 1}, usual = {.sched_priority = 0};
    cpu_set_t all;

    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    if (sched_setscheduler(0, SCHED_FIFO, &param) != 0)
        return 77;
    CHECK(sched_setscheduler(0, SCHED_OTHER, &usual) == 0 && sem_init(&come, 0, 0) == 0);
    begin();
    while (play())
        at++;
    CHECK(at >= 2); /* letting go, and looking for who waits */
    printf("%d instants\n", at);
    return 0;
}
