/* SPDX-License-Identifier: MIT */
#include "handlers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define WORKERS 3

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_t workers[WORKERS];
static void (*worker)(void);
static bool stop;

static void *run(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
        worker();
    return NULL;
}

static void start(void)
{
    __atomic_store_n(&stop, false, __ATOMIC_RELEASE);
    for (int i = 0; worker && i < WORKERS; i++)
        if (pthread_create(&workers[i], NULL, run, NULL) != 0)
            abort();
}

static void join(void)
{
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (int i = 0; worker && i < WORKERS; i++)
        pthread_join(workers[i], NULL);
}

static void before(void)
{
    pthread_mutex_lock(&mutex);
    join();
}

static void after(void)
{
    start();
    pthread_mutex_unlock(&mutex);
}

static void in_child(void)
{
    worker = NULL;
    pthread_mutex_unlock(&mutex);
}

__attribute__((constructor)) static void begin(void)
{
    pthread_atfork(before, after, in_child);
}

void handlers_locked(void (*work)(void))
{
    pthread_mutex_lock(&mutex);
    work();
    pthread_mutex_unlock(&mutex);
}

void handlers_workers(void (*work)(void))
{
    worker = work;
    start();
}

void handlers_end(void)
{
    join();
    worker = NULL;
}
