/* SPDX-License-Identifier: MIT
 *
 * Control flow by hand: longjmp out of deep frames, siglongjmp out of handlers of faults, coroutines on stacks of their own that
 * are unmapped and mapped again, coroutines that move between threads, and a hundred thousand frames.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

#include "torture.h"

static jmp_buf back;

/* gcc sees that it never returns, and calls that a recursion without end. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static NOINLINE void dive(int depth)
{
    void *block = take((size_t)depth + 8);
    if (depth == 0)
        longjmp(back, 1); /* what the frames hold stays */
    dive(depth - 1);
    give(block);
}

#pragma GCC diagnostic pop

static void long_jumps(void)
{
    for (volatile int i = 0; i < 300; i++) {
        if (!setjmp(back))
            dive(i % 60);
        give(take(10));
    }
}

static sigjmp_buf from_fault;

static void on_fault(int number)
{
    give(take((size_t)number + 100));
    take(20);
    siglongjmp(from_fault, 1);
}

static void (*volatile wild)(void);

static NOINLINE void fault(int depth)
{
    void *block = take(33);
    if (depth > 0)
        fault(depth - 1);
    else if (wild)
        wild(); /* the kernel's part of the address space: the interrupted pc is no code at all */
    else
        *(volatile int *)(uintptr_t)(depth + 8) = 1;
    give(block);
}

static void faults(int flags)
{
    static char room[65536];
    stack_t alternate = {.ss_sp = room, .ss_size = sizeof room};
    CHECK(sigaltstack(&alternate, NULL) == 0);
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = flags};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    for (volatile int i = 0; i < 300; i++) {
        wild = i % 3 ? NULL : (void (*)(void))0xffff800000001000;
        if (!sigsetjmp(from_fault, 1))
            fault(i % 20);
        give(take(11));
    }
    signal(SIGSEGV, SIG_DFL);
}

/* ---- Coroutines ---- */

#define COROUTINES 50
#define STACK      65536
static ucontext_t scheduler[2], routine[COROUTINES];
static __thread int me;
static int finished;

/* A function's thread pointer is a constant for the compiler, but a coroutine may go on in another thread: it has to ask. */
static NOINLINE int here(void)
{
    __asm__ volatile("" ::: "memory");
    return me;
}

static NOINLINE void nest(int depth, int index)
{
    void *block = take(100 + (size_t)depth);
    if (depth > 0)
        nest(depth - 1, index);
    CHECK(swapcontext(&routine[index], &scheduler[here()]) == 0);
    give(block);
}

static void body(int index)
{
    nest(index % 7, index);
    finished++;
    /* Not by uc_link, which is read when the context is made: the thread may be another now. */
    setcontext(&scheduler[here()]);
}

static void *stacks[COROUTINES];
static void *run_all(void *who)
{
    me = who != NULL;
    /* One step of each: whichever thread goes on with it. */
    for (int i = 0; i < COROUTINES; i++) {
        if (!stacks[i])
            continue;
        int before = finished;
        give(take(12));
        CHECK(swapcontext(&scheduler[me], &routine[i]) == 0);
        if (finished != before) {
            CHECK(munmap(stacks[i], STACK) == 0);
            stacks[i] = NULL;
        }
    }
    return NULL;
}

static void coroutines(bool threads)
{
    for (int round = 0; round < 10; round++) {
        finished = 0;
        for (int i = 0; i < COROUTINES; i++) {
            stacks[i] =
                mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK(stacks[i] != MAP_FAILED);
            CHECK(getcontext(&routine[i]) == 0);
            routine[i].uc_stack.ss_sp = stacks[i];
            routine[i].uc_stack.ss_size = STACK;
            routine[i].uc_link = &scheduler[0];
            makecontext(&routine[i], (void (*)(void))body, 1, i);
        }
        while (finished < COROUTINES) {
            run_all(NULL);
            if (threads && finished < COROUTINES) {
                /* libc's context keeps the thread pointer out of it, so a coroutine may go on elsewhere. */
                pthread_t other;
                int second = 1;
                CHECK(pthread_create(&other, NULL, run_all, &second) == 0);
                CHECK(pthread_join(other, NULL) == 0);
            }
        }
    }
}

/* ---- Depth ---- */

static NOINLINE uint64_t deep(int n, uint64_t sum)
{
    volatile uint64_t keep = sum;
    void *block = n % 1000 == 0 ? take(1000) : NULL;
    if (n > 0)
        keep += deep(n - 1, sum + 1);
    give(block);
    return keep;
}

static void *deep_thread(void *unused)
{
    (void)unused;
    deep(100000, 0);
    return NULL;
}

static void depth(void)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    CHECK(pthread_attr_setstacksize(&attr, 64 << 20) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, &attr, deep_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    give(take(13));
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= 8 << 20)
        deep(50000, 0);
    give(take(14));
}

/* ---- Code without unwind information ---- */

#ifdef __x86_64__
/* push rbx; sub rsp, 0x90; mov rax, rsi; call rax; add rsp, 0x90; pop rbx; ret - no frame pointer, no table. */
static const unsigned char code[] = {0x53, 0x48, 0x81, 0xec, 0x90, 0,    0, 0, 0x48, 0x89, 0xf0,
                                     0xff, 0xd0, 0x48, 0x81, 0xc4, 0x90, 0, 0, 0,    0x5b, 0xc3};
typedef void *made_function(uintptr_t argument, void *(*callee)(uintptr_t));

static NOINLINE void *callee(uintptr_t n)
{
    return take(n);
}

static NOINLINE void *rubbish(uintptr_t n)
{
    /* With something in the way that looks like a frame pointer. */
    volatile uintptr_t words[8] = {n, (uintptr_t)&words, (uintptr_t)-1, 8, (uintptr_t)callee};
    void *block = take(n + words[3]);
    return block;
}

static void made_code(void)
{
    for (int i = 0; i < 100; i++) {
        char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(page != MAP_FAILED);
        memcpy(page + i, code, sizeof code);
        CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
        made_function *made = (made_function *)(void *)(page + i);
        for (uintptr_t n = 0; n < 10; n++) {
            give(made(100 + n, callee));
            give(made(200 + n, rubbish));
        }
        CHECK(munmap(page, 4096) == 0);
    }
}
#else
static void made_code(void)
{
}
#endif

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "longjmp";
    if (!strcmp(which, "longjmp"))
        long_jumps();
    else if (!strcmp(which, "faults"))
        faults(0), faults(SA_ONSTACK);
    else if (!strcmp(which, "coroutines"))
        coroutines(false);
    else if (!strcmp(which, "migrate"))
        coroutines(true);
    else if (!strcmp(which, "deep"))
        depth();
    else if (!strcmp(which, "made"))
        made_code();
    torture_tell_as("exit 0");
    puts(which);
    return 0;
}
