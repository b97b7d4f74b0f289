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

_Static_assert(MT_ASIDE_STACKS == 64, "one bit each");
static uint64_t there;              /* which stacks are mapped */
static uint64_t busy;               /* which are in use */
static char *tops[MT_ASIDE_STACKS]; /* their upper ends */
static uint32_t made;               /* stacks that were asked for */

/* Take a stack. 0: there is none. */
static inline uint32_t claim(void)
{
    uint64_t was = __atomic_load_n(&busy, __ATOMIC_RELAXED), no;
    uint32_t i;
    do {
        no = __atomic_load_n(&there, __ATOMIC_ACQUIRE) & ~was;
        if (!no)
            return 0;
        i = (uint32_t)__builtin_ctzll(no);
    } while (!__atomic_compare_exchange_n(&busy, &was, was | 1ull << i, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return i + 1;
}

static inline void give_back(uint32_t index)
{
    __atomic_fetch_and(&busy, ~(1ull << (index - 1)), __ATOMIC_RELEASE);
}

/* What a stack is taken to have in memory. */
#define TOUCHED (8u << 10)

void mt_aside_prepare(void)
{
    uint32_t i = __atomic_load_n(&made, __ATOMIC_RELAXED);
    do {
        if (i == MT_ASIDE_STACKS)
            return;
    } while (
        !__atomic_compare_exchange_n(&made, &i, i + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    char *low = mt_os_map_stack(MT_ASIDE_BYTES);
    if (!low)
        return;
    tops[i] = low + MT_ASIDE_BYTES;
    mt_aside_register(low, tops[i]);
    mt_own_mapped(tops[i] - TOUCHED, TOUCHED);
    __atomic_fetch_or(&there, 1ull << i, __ATOMIC_RELEASE);
}

/* Inlined, as each frame counts. */
static inline __attribute__((always_inline)) void run(void (*work)(void *), void *context)
{
    uint32_t index = mt_aside_here ? 0 : claim();
    if (!index) {
        work(context);
        return;
    }
    /* What the loader and libc call of our hooks now lies further in than anything on the program's stack. */
    uintptr_t frame = mt_self.frame;
    mt_self.frame = UINTPTR_MAX;
    mt_aside_here = index;
    mt_aside_switch(work, context, tops[index - 1]);
    mt_aside_here = 0;
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
    if (mt_aside_here) {
        work(context);
        return;
    }
    mt_os_hold_signals(&mask);
    run(work, context);
    mt_os_release_signals(&mask);
}

void mt_aside_forget(void)
{
    __atomic_store_n(&busy, mt_aside_here ? 1ull << (mt_aside_here - 1) : 0, __ATOMIC_RELAXED);
}
