/* SPDX-License-Identifier: MIT
 *
 * A timer of 10 kHz whose handler allocates: on the thread's own stack, then on one of its own. The program gets through what it
 * has to do. Its allocator (reentrant.c) may be interrupted anywhere.
 */
#include <signal.h>
#include <sys/time.h>

#include "torture.h"

#define ROUNDS 4000
#define TICKS  200

static volatile unsigned long ticks;
static void *kept[64];

NOINLINE static void tick(int number)
{
    int keep = errno;
    void **slot = &kept[ticks++ % 64];

    (void)number;
    give(*slot);
    *slot = take(100 + ticks % 50);
    errno = keep;
}

NOINLINE static void path(unsigned bits, int depth)
{
    if (!depth)
        give(take(bits % 500));
    else if (bits & 1)
        path(bits >> 1, depth - 1);
    else
        path(bits >> 1, depth - 1);
    __asm__ volatile("");
}

static void play(int flags)
{
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART | flags};
    struct itimerval every = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
    unsigned long before = ticks;

    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
    for (unsigned long i = 0; i < ROUNDS || ticks - before < TICKS; i++)
        path((unsigned)i * 2654435761u >> 8, 12);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

int main(void)
{
    static char room[65536];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};

    CHECK(sigaltstack(&stack, NULL) == 0);
    play(0);
    play(SA_ONSTACK);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
