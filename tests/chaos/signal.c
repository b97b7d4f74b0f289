/* SPDX-License-Identifier: MIT
 *
 * Steps with signals.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "chaos.h"

static volatile unsigned ticks;
static volatile int kind;
static sigjmp_buf back;
static __thread volatile int armed;

/* kind 0: count; 1: map; 2: allocate, where nothing is interrupted that allocates, or anywhere if the allocator allows it; 3: both. */
static void on_alarm(int number)
{
    int kept = errno;
    (void)number;
    if (kind & 1) {
        void *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page != MAP_FAILED)
            munmap(page, 8192);
    }
    if ((kind & 2) && (calm || CHAOS_REENTRANT))
        free(realloc(malloc(100), 3000));
    __atomic_fetch_add(&ticks, 1, __ATOMIC_RELAXED);
    errno = kept;
}

static void set_timer(long microseconds)
{
    struct itimerval every = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &every, NULL);
}

void chaos_plain_timer(void)
{
    if (kind & 1)
        set_timer(0);
}

/* n: the handler's kind, and above it the frequency: 1, 5 or 10 kHz. */
void step_timer(const struct step *step)
{
    static const long periods[] = {1000, 200, 100};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART | SA_ONSTACK};
    kind = (int)(step->n & 3);
    sigaction(SIGALRM, &action, NULL);
    set_timer(periods[(step->n >> 2) % 3]);
    tell("timer: on");
}

/* Work until so many alarms have come. */
void step_spin(const struct step *step)
{
    struct itimerval now;
    sigset_t mask;
    getitimer(ITIMER_REAL, &now);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    if (!now.it_interval.tv_usec || sigismember(&mask, SIGALRM))
        return;
    unsigned from = ticks;
    while (ticks - from < (unsigned)step->n)
        work(2);
    tell("spin: enough");
}

void step_timeroff(const struct step *step)
{
    (void)step;
    set_timer(0);
    tell("timer: off");
}

void quiet(void)
{
    struct sigaction action;
    set_timer(0);
    sigaction(SIGALRM, NULL, &action);
    if (action.sa_handler == on_alarm)
        signal(SIGALRM, SIG_IGN); /* none is left pending */
}

static void on_raise(int number)
{
    (void)number;
    work(2);
}

/* n KiB, or the least that the processor's frames need with 4 KiB above: two frames, as the timer's handler may come on top. */
void step_altstack(const struct step *step)
{
    static __thread char *old;
    size_t size = (size_t)step->n << 10, least = 2 * getauxval(AT_MINSIGSTKSZ) + 4096;
    if (size < least)
        size = least;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        tell("altstack: %s", error_name(errno));
        return;
    }
    stack_t stack = {.ss_sp = p, .ss_size = size};
    tell("altstack: %d", sigaltstack(&stack, NULL));
    old = p;
    struct sigaction action = {.sa_handler = on_raise, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    tell("altstack: used %d", old != NULL);
}

void step_raise(const struct step *step)
{
    struct sigaction action = {.sa_handler = on_raise,
                               .sa_flags = step->n & 1 ? SA_ONSTACK | SA_NODEFER : SA_RESETHAND};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    tell("raise: back");
}

static NOINLINE void deeper(int depth)
{
    void *block = malloc((size_t)depth * 10 + 1);
    if (depth)
        deeper(depth - 1);
    else if (armed == 1)
        siglongjmp(back, 1);
    else
        raise(SIGUSR1);
    free(block);
}

static void on_jump(int number)
{
    (void)number;
    free(malloc(30));
    siglongjmp(back, 2);
}

/* longjmp over frames that have allocated, or out of a handler. */
void step_jump(const struct step *step)
{
    struct sigaction action = {.sa_handler = on_jump, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    for (volatile long i = 0; i <= step->n; i++) {
        armed = i % 2 + 1;
        int how = sigsetjmp(back, 1);
        if (!how)
            deeper(20);
        else if (how != armed)
            tell("jump: %d, not %d", how, armed);
        work(1);
    }
    signal(SIGUSR1, SIG_DFL);
    tell("jump: back");
}

void step_mask(const struct step *step)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 1; i < 31; i++)
        if (step->n >> i & 1 && i != SIGALRM)
            sigaddset(&set, i);
    if (step->n & 1)
        sigfillset(&set);
    tell("mask: %d", pthread_sigmask(step->n & 64 ? SIG_SETMASK : SIG_BLOCK, &set, NULL));
}

void step_ignore(const struct step *step)
{
    static const int which[] = {SIGPIPE, SIGINT, SIGXFSZ, SIGHUP, SIGXCPU, SIGTERM};
    tell("ignore: %d", signal(which[step->n % 6], SIG_IGN) == SIG_ERR);
}

static void on_fault(int number)
{
    (void)number;
    free(malloc(40));
    siglongjmp(back, 3);
}

/* A real fault, caught, as garbage collectors do. */
void step_fault(const struct step *step)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    volatile int n = 0;
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    sigaction(SIGSEGV, &action, NULL);
    for (volatile long i = 0; i <= step->n; i++) {
        if (!sigsetjmp(back, 1))
            *(volatile char *)page = 1;
        else
            n++;
        work(1);
    }
    signal(SIGSEGV, SIG_DFL);
    munmap(page, 4096);
    tell("fault: %d", n);
}
