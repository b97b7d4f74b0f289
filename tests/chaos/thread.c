/* SPDX-License-Identifier: MIT
 *
 * Steps that make threads, and other stacks.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "chaos.h"

#define MOST 16

struct made {
    pthread_t thread;
    const struct step *step;
    char tag[128];
};

static struct made background[MOST];
static volatile int stop;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int chaos_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    int error = pthread_create(thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return error;
}

static void drop(void *block)
{
    free(block);
    free(malloc(99));
}

static void make_key(void)
{
    pthread_key_create(&key, drop);
}

static void *in_thread(void *argument)
{
    struct made *made = argument;
    be(made->tag);
    pthread_once(&once, make_key);
    pthread_setspecific(key, malloc(50));
    do_steps(made->step->list, made->step->length);
    if (made->step->n & 1)
        pthread_exit((void *)7);
    return (void *)7;
}

static void run_thread(const char *name, const struct step *step, size_t stack)
{
    struct made made = {.step = step};
    pthread_attr_t attributes;
    void *result = NULL;
    next_tag(made.tag);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    int error = pthread_create(&made.thread, &attributes, in_thread, &made);
    pthread_attr_destroy(&attributes);
    if (!error)
        error = pthread_join(made.thread, &result);
    tell("%s: %s %d", name, error ? error_name(error) : "joined", result == (void *)7);
}

void step_thread(const struct step *step)
{
    run_thread("thread", step, 1 << 20);
}

/* The smallest stack that there is, 16 KiB or more where a signal's frame is large, and a page: pthread_exit loads a library, which takes
 * half of it, and the library may be there twice, as a handler may interrupt it. */
void step_small(const struct step *step)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    run_thread("small", step,
               4096 + (least > PTHREAD_STACK_MIN ? (size_t)least : PTHREAD_STACK_MIN));
}

static void *busy(void *argument)
{
    long n = (long)argument;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        work(1);
        if (n % 3 == 1)
            usleep(100);
        if (n % 3 == 2)
            free(malloc(300000));
    }
    return NULL;
}

/* n threads that allocate until join, or to the end. */
void step_bg(const struct step *step)
{
    pthread_attr_t attributes;
    stop = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    for (long i = 0; i < step->n && chaos_background < MOST; i++)
        if (!pthread_create(&background[chaos_background].thread, &attributes, busy, (void *)i))
            chaos_background++;
    pthread_attr_destroy(&attributes);
    tell("bg: %d", chaos_background);
}

void step_join(const struct step *step)
{
    (void)step;
    stop = 1;
    tell("join: %d", chaos_background);
    while (chaos_background)
        pthread_join(background[--chaos_background].thread, NULL);
}

void alone(void)
{
    chaos_background = 0;
}

static void *until_cancelled(void *argument)
{
    long n = (long)argument;
    void *block = malloc(1000);
    pthread_cleanup_push(drop, block);
    pthread_once(&once, make_key);
    pthread_setspecific(key, malloc(50));
    for (;;) {
        work(1);
        if (n % 3 == 0)
            pthread_testcancel();
        else if (n % 3 == 1)
            usleep(1000);
        else
            pause();
    }
    pthread_cleanup_pop(1);
    return NULL;
}

void step_cancel(const struct step *step)
{
    pthread_t threads[MOST];
    long n = 0, cancelled = 0;
    for (; n < step->n && n < MOST; n++)
        if (chaos_thread(&threads[n], until_cancelled, (void *)n))
            break;
    work(5);
    for (long i = 0; i < n; i++)
        pthread_cancel(threads[i]);
    for (long i = 0; i < n; i++) {
        void *result;
        pthread_join(threads[i], &result);
        cancelled += result == PTHREAD_CANCELED;
    }
    tell("cancel: %ld", cancelled);
}

static struct step left;
static char left_tag[128];

static void *last_one(void *argument)
{
    pthread_t *first = argument;
    be(left_tag);
    pthread_join(*first, NULL);
    do_steps(left.list, left.length);
    step_join(&left); /* or the process would not end */
    tell("leave: the end");
    return NULL;
}

/* The first thread leaves, another one does the inner steps and is the last. */
void step_leave(const struct step *step)
{
    static pthread_t first, other;
    first = pthread_self();
    left = *step;
    next_tag(left_tag);
    strcat(left_tag, "l"); /* for face */
    if (chaos_background)
        step_join(step);
    if (chaos_thread(&other, last_one, &first)) {
        tell("leave: %s", error_name(errno));
        return;
    }
    pthread_exit(NULL);
}

static ucontext_t outside, inside;
static const struct step *there;

static void on_other_stack(void)
{
    for (long i = 0; i < there->n; i++) {
        work(1);
        swapcontext(&inside, &outside);
    }
    do_steps(there->list, there->length);
}

/* On a stack of 64 KiB with nothing mapped above or below it. */
void step_coroutine(const struct step *step)
{
    static int nested;
    size_t size = 64 << 10, page = 4096;
    if (nested || chaos_background)
        return;
    char *all =
        mmap(NULL, size + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) {
        tell("coroutine: %s", error_name(errno));
        return;
    }
    nested = 1;
    munmap(all, page);
    munmap(all + page + size, page);
    there = step;
    getcontext(&inside);
    inside.uc_stack.ss_sp = all + page;
    inside.uc_stack.ss_size = size;
    inside.uc_link = &outside;
    makecontext(&inside, on_other_stack, 0);
    for (long i = 0; i <= step->n; i++) {
        swapcontext(&outside, &inside);
        work(1);
    }
    munmap(all + page, size);
    nested = 0;
    tell("coroutine: %ld", step->n);
}

static void *short_life(void *argument)
{
    work((unsigned)(long)argument);
    return NULL;
}

/* Threads that come and go, detached or joined, n at a time. */
void step_pool(const struct step *step)
{
    pthread_t threads[MOST];
    long made = 0;
    for (int round = 0; round < 5; round++) {
        long n = 0;
        for (; n < step->n && n < MOST; n++)
            if (chaos_thread(&threads[n], short_life, (void *)2))
                break;
        for (long i = 0; i < n; i++)
            made += !pthread_join(threads[i], NULL);
    }
    tell("pool: %ld", made);
}
