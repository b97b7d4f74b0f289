/* SPDX-License-Identifier: MIT
 *
 * Threads of different real-time priority allocate on one processor. A third one, between them, does nothing but run, so that the lower
 * one does not when it holds what the higher one waits for, unless it gets that one's priority. The higher one gets through what it has to do.
 * Status 77: this process may not have such priorities.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "torture.h"

#define DEPTH       14
#define HIGH_ROUNDS 3000

static cpu_set_t one;
static int stop;
static unsigned long low_rounds, high_rounds, middle_rounds;
static void *slots[256];

NOINLINE static void leaf(unsigned i)
{
    give(__atomic_exchange_n(&slots[i * 2654435761u >> 24], take(40 + i % 64), __ATOMIC_ACQ_REL));
}

NOINLINE static void path(unsigned bits, int depth)
{
    if (!depth)
        leaf(bits);
    else if (bits >> (depth - 1) & 1)
        path(bits, depth - 1);
    else
        path(bits, depth - 1);
    __asm__ volatile("");
}

static bool become(int class, int priority)
{
    struct sched_param param = {.sched_priority = priority};

    return pthread_setschedparam(pthread_self(), class, &param) == 0 &&
           sched_setaffinity(0, sizeof one, &one) == 0;
}

static bool goes_on(void)
{
    return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void *low(void *class)
{
    CHECK(become((int)(intptr_t) class, (int)(intptr_t) class == SCHED_OTHER ? 0 : 10));
    for (unsigned i = 0; goes_on();) {
        for (int k = 0; k < 200; k++)
            path(i++, DEPTH);
        __atomic_fetch_add(&low_rounds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void nap(long ns)
{
    nanosleep(&(struct timespec){0, ns}, NULL);
}

static unsigned long rounds_of(const unsigned long *rounds)
{
    return __atomic_load_n(rounds, __ATOMIC_RELAXED);
}

/* Keeps the processor until the higher one has gone on by some rounds. */
static void *middle(void *unused)
{
    CHECK(become(SCHED_RR, 30));
    while (goes_on()) {
        unsigned long before = rounds_of(&high_rounds);
        while (goes_on() && rounds_of(&high_rounds) - before < 10)
            ;
        __atomic_fetch_add(&middle_rounds, 1, __ATOMIC_RELAXED);
        nap(500000);
    }
    return unused;
}

static void *high(void *class)
{
    unsigned i = 0;

    CHECK(become((int)(intptr_t) class, 50));
    while (rounds_of(&high_rounds) < HIGH_ROUNDS || !rounds_of(&low_rounds) ||
           !rounds_of(&middle_rounds)) {
        nap(30000);
        for (int k = 0; k < 3; k++)
            path(i++ * 7, DEPTH);
        __atomic_fetch_add(&high_rounds, 1, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void play(int class_low, int class_high)
{
    pthread_t threads[3];

    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
    low_rounds = high_rounds = middle_rounds = 0;
    CHECK(pthread_create(&threads[0], NULL, low, (void *)(intptr_t)class_low) == 0);
    CHECK(pthread_create(&threads[1], NULL, middle, NULL) == 0);
    CHECK(pthread_create(&threads[2], NULL, high, (void *)(intptr_t)class_high) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(high_rounds >= HIGH_ROUNDS && low_rounds && middle_rounds);
}

int main(void)
{
    struct sched_param param = {.sched_priority = 1}, usual = {.sched_priority = 0};
    cpu_set_t all;
    int last = 0;

    sched_getaffinity(0, sizeof all, &all);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all))
            last = i;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    if (sched_setscheduler(0, SCHED_FIFO, &param) != 0)
        return 77;
    CHECK(sched_setscheduler(0, SCHED_OTHER, &usual) == 0);
    play(SCHED_FIFO, SCHED_FIFO);
    play(SCHED_OTHER, SCHED_RR);
    for (int i = 0; i < 256; i++)
        give(slots[i]);
    torture_tell_as("exit 0");
    puts("all went on");
    return 0;
}
