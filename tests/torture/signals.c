/* SPDX-License-Identifier: MIT
 *
 * Signal handlers that allocate, on the usual and on an alternate stack, while the thread that they interrupt allocates. The
 * allocator is reentrant.c: with it, this is allowed. "jump": now and then the handler leaves by siglongjmp. "fork": it forks,
 * and the child goes on with what was interrupted.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include "torture.h"

#define WORKERS  2
#define CHILDREN 60

static bool jump, forks;
static int stop;
static unsigned long handled, jumped, forked;
static bool child;
static int
    forking; /* the others wait: the allocator never uses memory again, and forks would get slow */
static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t may_jump;
static __thread volatile sig_atomic_t working;

static void handler(int number)
{
    int keep = errno;
    void *block = take(80);
    void *more = take(4000);
    give(block);
    give(more);
    unsigned long n = __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
    if (forks && !child && n % 5 == 0 &&
        __atomic_fetch_add(&forked, 1, __ATOMIC_RELAXED) < CHILDREN) {
        __atomic_fetch_add(&forking, 1, __ATOMIC_RELAXED);
        pid_t pid = fork();
        CHECK(pid >= 0);
        child = !pid;
        if (pid) {
            CHECK(WEXITSTATUS(reap(pid)) == 12);
            __atomic_fetch_sub(&forking, 1, __ATOMIC_RELAXED);
        }
    }
    errno = keep;
    if (jump && may_jump && n % 3 == (unsigned)number % 3) {
        may_jump = 0;
        __atomic_fetch_add(&jumped, 1, __ATOMIC_RELAXED);
        siglongjmp(back, 1);
    }
}

static NOINLINE void some_work(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    void *block = take(16 + (*state >> 16) % 300);
    void *second = take(24);
    give(block);
    give(second);
}

static NOINLINE void in_child(void)
{
    for (int i = 0; i < 100; i++)
        free(malloc(56));
    _exit(12);
}

static void *worker(void *argument)
{
    unsigned volatile state = (unsigned)(uintptr_t)argument;
    stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
    if (state & 1)
        CHECK(sigaltstack(&alternate, NULL) == 0);
    working = 1;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        while (!child && __atomic_load_n(&forking, __ATOMIC_RELAXED))
            sched_yield();
        sigsetjmp(back, 1);
        may_jump = 1;
        for (int i = 0; i < 100; i++) {
            errno = 7777;
            unsigned s = state;
            some_work(&s);
            state = s;
            CHECK(errno == 7777);
            if (child)
                in_child();
        }
        may_jump = 0;
    }
    if (child) /* forked outside of the work, when all was to stop */
        in_child();
    return NULL;
}

/* After all signals: every event is seen again. */
static NOINLINE void *after(void *unused)
{
    for (int i = 0; i < 1000; i++)
        free(malloc(55));
    return unused;
}

static void *worker_and_after(void *argument)
{
    worker(argument);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    after(NULL);
    return NULL;
}

int main(int argc, char **argv)
{
    jump = argc > 1 && !strcmp(argv[1], "jump");
    forks = argc > 1 && !strcmp(argv[1], "fork");
    int rounds = forks ? 0 : 20000;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    if (forks) { /* or a child goes on in a handler that waits for its parent's child */
        sigaddset(&action.sa_mask, SIGUSR1);
        sigaddset(&action.sa_mask, SIGUSR2);
    }
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    action.sa_flags |= SA_ONSTACK;
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
    pthread_t workers[WORKERS];
    for (uintptr_t i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&workers[i], NULL, worker_and_after, (void *)(i + 1)) == 0);
    for (int i = 0; i < rounds || (forks && __atomic_load_n(&forked, __ATOMIC_RELAXED) < CHILDREN);
         i++) {
        CHECK(pthread_kill(workers[i % WORKERS], i & 2 ? SIGUSR1 : SIGUSR2) == 0);
        unsigned long before = __atomic_load_n(&handled, __ATOMIC_RELAXED);
        for (int spin = 0; spin < 2000 && before == __atomic_load_n(&handled, __ATOMIC_RELAXED);
             spin++)
            __asm__ volatile("" ::: "memory");
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < WORKERS; i++)
        CHECK(pthread_join(workers[i], NULL) == 0);
    CHECK(handled > 0 && (!jump || jumped > 0) && (!forks || forked >= CHILDREN));
    /* A fork still works, and its child is traced. */
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (!pid) {
        torture_child();
        give(take(99));
        torture_tell_as("exit 0");
        exit(0);
    }
    CHECK(reap(pid) == 0);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
