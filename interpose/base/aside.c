/* SPDX-License-Identifier: MIT */
#include "base/aside.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guard.h"
#include "base/own.h"
#include "os/os.h"

/* aside_PROCESSOR.S: call work(context) with the stack pointer at `top`. */
void mt_aside_switch(void (*work)(void *), void *context, char *top);
/* Tell valgrind that this is a stack. For everybody else it does nothing. */
void mt_aside_register(char *low, char *top);

_Static_assert(MT_ASIDE_STACKS == 64, "one bit each");
static uint64_t busy;               /* whose stack is in use */
static char *tops[MT_ASIDE_STACKS]; /* written by who has the bit; NULL: not mapped yet */

/* The index of this thread's stack plus 1; 0: it is on the program's. */
static __thread uint32_t here __attribute__((tls_model("initial-exec")));

/* Take a stack. 0: there is none. */
static uint32_t claim(void)
{
    uint64_t was = __atomic_load_n(&busy, __ATOMIC_RELAXED);
    uint32_t i;
    do {
        if (!~was)
            return 0;
        i = (uint32_t)__builtin_ctzll(~was);
    } while (!__atomic_compare_exchange_n(&busy, &was, was | 1ull << i, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return i + 1;
}

static void give_back(uint32_t index)
{
    __atomic_fetch_and(&busy, ~(1ull << (index - 1)), __ATOMIC_RELEASE);
}

/* Of a stack of which we know no better. */
#define TOUCHED (8u << 10)

static void count(void *top)
{
    mt_own_mapped((char *)top - TOUCHED, TOUCHED);
}

static __attribute__((noinline, cold)) char *map_stack(uint32_t index)
{
    char *low = mt_os_map_stack(MT_ASIDE_BYTES), *top = low + MT_ASIDE_BYTES;
    if (!low)
        return NULL;
    tops[index - 1] = top;
    mt_aside_register(low, top);
    mt_aside_switch(count, top, top);
    return top;
}

/* The upper end of a stack; NULL: no memory. */
static inline char *top_of(uint32_t index)
{
    return tops[index - 1] ? tops[index - 1] : map_stack(index);
}

/* Inlined, as each frame counts. */
static inline __attribute__((always_inline)) void run(void (*work)(void *), void *context)
{
    uint32_t index = here ? 0 : claim();
    char *top = index ? top_of(index) : NULL;
    if (!top) {
        if (index)
            give_back(index);
        work(context);
        return;
    }
    /* What the loader and libc call of our hooks now lies further in than anything on the program's stack. */
    uintptr_t frame = mt_self.frame;
    mt_self.frame = UINTPTR_MAX;
    here = index;
    mt_aside_switch(work, context, top);
    here = 0;
    mt_self.frame = frame;
    give_back(index);
}

void mt_aside_held(void (*work)(void *), void *context)
{
    run(work, context);
}

void mt_aside(void (*work)(void *), void *context)
{
    uint64_t mask;
    if (here) {
        work(context);
        return;
    }
    mt_os_hold_signals(&mask);
    run(work, context);
    mt_os_release_signals(&mask);
}

void mt_aside_forget(void)
{
    __atomic_store_n(&busy, here ? 1ull << (here - 1) : 0, __ATOMIC_RELAXED);
}
