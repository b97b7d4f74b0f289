/* SPDX-License-Identifier: MIT
 *
 * The unwinder in signal handlers: raised, from faults, at any instruction, on the normal and on an alternate stack; and
 * on coroutines' stacks that are unmapped and mapped again.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind_check.h"

#define NOINLINE __attribute__((noinline))
#define KEEP(p)  __asm__ volatile("" : : "r"(p) : "memory")

static void *map(void *at, size_t bytes)
{
    void *stack = mmap(at, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

    CHECK(stack != MAP_FAILED);
    return stack;
}

static volatile sig_atomic_t handled;

NOINLINE static void nested(int depth)
{
    check_event();
    if (depth > 0)
        nested(depth - 1);
    check_event();
    KEEP(&depth);
}

static void on_raise(int number)
{
    (void)number;
    check_event();
    CHECK(check_cut() == 0);
    nested(3);
    handled++;
}

NOINLINE static void raise_deep(int depth)
{
    check_event();
    if (depth > 0)
        raise_deep(depth - 1);
    else
        raise(SIGUSR1);
    check_event();
    KEEP(&depth);
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(number, &action, NULL);
}

static void raised(int flags)
{
    handle(SIGUSR1, on_raise, flags);
    handled = 0;
    for (int i = 0; i < 40; i++)
        raise_deep(i);
    CHECK(handled == 40);
}

/* libunwind ends here on x86_64, so it is no judge. */
static void on_raise_by_hand(int number)
{
    unsigned outside = check_depth();

    (void)number;
    check_event_alone();
    CHECK(check_cut() == 0 && check_depth() > outside);
    handled++;
}

/* With a trampoline that no object has, as an emulator gives one. */
static void raised_by_hand(int flags)
{
#if defined(__x86_64__)
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
#else
    static const uint8_t code[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
#endif
    static char *page;
    struct {
        void (*handler)(int);
        unsigned long flags;
        void *trampoline;
        unsigned long mask;
    } action = {on_raise_by_hand, 0x04000000ul /* SA_RESTORER */ | (unsigned)flags, NULL, 0};

    if (!page) {
        page = map(NULL, 4096);
        memcpy(page, code, sizeof code);
        __builtin___clear_cache(page, page + sizeof code);
        CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    }
    action.trampoline = page;
    CHECK(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, sizeof action.mask) == 0);
    handled = 0;
    for (int i = 0; i < 40; i++)
        raise_deep(i);
    CHECK(handled == 40);
}

#if defined(__x86_64__)
#define INTERRUPTED_PC(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_RIP])
#else
#define INTERRUPTED_PC(context) ((uintptr_t)(context)->uc_mcontext.pc)
#endif

static sigjmp_buf back;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    check_event();
    CHECK(check_cut() == 0);
    /* The handler, the trampoline, then the frame that was interrupted: its exact pc and 1. */
    CHECK(check_pc(2) == INTERRUPTED_PC((ucontext_t *)context) + 1);
    siglongjmp(back, 1);
}

NOINLINE static int fault(volatile int *at, int depth)
{
    return depth > 0 ? fault(at, depth - 1) + 1 : *at;
}

static void faults(int flags)
{
    int *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | flags;
    sigaction(SIGSEGV, &action, NULL);
    for (volatile int i = 0; i < 40; i++) {
        if (sigsetjmp(back, 1) == 0)
            KEEP((long)fault(forbidden, i));
        else
            check_event();
    }
    munmap(forbidden, 4096);
}

/* Interrupts at arbitrary instructions: function prologues and epilogues, PLT entries, the C library. */
static volatile sig_atomic_t ticks;

#define TICKS 400

/* One at a time, however long a handler takes: what is interrupted gets on. */
static void ask_for_tick(void)
{
    struct itimerval once = {.it_value = {0, 200}};

    setitimer(ITIMER_REAL, &once, NULL);
}

static void on_tick(int number)
{
    (void)number;
    if (!check_busy()) {
        check_event();
        ticks++;
    }
    if (ticks < TICKS)
        ask_for_tick();
}

NOINLINE static unsigned busy_work(unsigned depth)
{
    char text[64];
    unsigned sum = 0;

    for (unsigned i = 0; i < 8; i++)
        sum += depth > 0 ? busy_work(depth - 1) : (unsigned)snprintf(text, sizeof text, "%u", i);
    KEEP(text);
    return sum + (unsigned)strlen(text) + (unsigned)abs((int)depth);
}

static void ticking(int flags)
{
    handle(SIGALRM, on_tick, SA_RESTART | flags);
    ticks = 0;
    ask_for_tick();
    while (ticks < TICKS)
        busy_work(4);
}

/* Coroutines. */
static ucontext_t home, coroutine[4];

static void coroutine_main(void)
{
    for (int i = 0;; i++) {
        nested(i % 7);
        swapcontext(&coroutine[0], &home);
        nested(2);
        raise_deep(2);
        swapcontext(&coroutine[0], &home);
    }
}

static void coroutine_other(int which)
{
    for (;;) {
        nested(which);
        swapcontext(&coroutine[which], &home);
    }
}

static void prepare(int which, void *stack, size_t bytes)
{
    getcontext(&coroutine[which]);
    coroutine[which].uc_stack.ss_sp = stack;
    coroutine[which].uc_stack.ss_size = bytes;
    coroutine[which].uc_link = &home;
    if (which == 0)
        makecontext(&coroutine[which], coroutine_main, 0);
    else
        makecontext(&coroutine[which], (void (*)(void))coroutine_other, 1, which);
}

static void coroutines(void)
{
    char *area = map(NULL, 4 << 18);

    for (int round = 0; round < 10; round++) {
        size_t bytes = (size_t)(1 + round % 2) << 16;

        for (int i = 0; i < 4; i++)
            prepare(i, map(area + (i << 18), bytes), bytes);
        for (int i = 0; i < 20; i++) {
            swapcontext(&home, &coroutine[i % 4]);
            check_event();
        }
        munmap(area, 4 << 18);
        check_event();
    }
}

static void everything(void)
{
    raised(0);
    raised_by_hand(0);
    faults(0);
    ticking(0);
    coroutines();
    raised(SA_ONSTACK);
    raised_by_hand(SA_ONSTACK);
    faults(SA_ONSTACK);
    ticking(SA_ONSTACK);
    coroutines();
}

int main(void)
{
    stack_t alternate = {.ss_size = 1 << 18};

    everything(); /* no alternate stack yet: SA_ONSTACK has no effect */
    alternate.ss_sp = map(NULL, alternate.ss_size);
    sigaltstack(&alternate, NULL);
    everything();
    printf("%lu full captures\n", check_full_captures());
    return check_done();
}
