/* SPDX-License-Identifier: MIT
 *
 * What a capture costs: ns by depth, not a test. Pattern A: the same call site again and again. B: two sites alternating,
 * one and two frames further in. C: A by the full unwinder alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../interpose/unwind/unwind.h"
#include "../../interpose/unwind/full.h"

#define NOINLINE __attribute__((noinline))
#define KEEP(p)  __asm__ volatile("" : : "r"(p) : "memory")
#define ROUNDS   41

static struct mt_stack stack;
static int pattern;
static int events;

NOINLINE static void event(void)
{
    uintptr_t *fp = __builtin_frame_address(0);
    struct mt_start from = {fp[1], (uintptr_t)(fp + 2), fp[0], false};

    if (pattern == 'C')
        mt_unwind_full(&stack, &from);
    else if (pattern != 'E')
        mt_unwind(&stack, &from);
    KEEP(&from);
}

NOINLINE static void one(void)
{
    event();
    KEEP(&pattern);
}

NOINLINE static void two(void)
{
    one();
    KEEP(&pattern);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

NOINLINE static double measure(void)
{
    double begin = now();

    if (pattern == 'B') {
        for (int i = 0; i < events; i += 2) {
            one();
            two();
        }
    } else {
        for (int i = 0; i < events; i++) {
            event();
            KEEP(&i);
        }
    }
    return (now() - begin) / events;
}

NOINLINE static double deep(int depth)
{
    double result = depth > 0 ? deep(depth - 1) : measure();

    KEEP(&result);
    return result;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(void)
{
    static const int depths[] = {5, 10, 20, 40};

    mt_unwind_init();
    mt_unwind_full_init();
    for (const char *p = "EABC"; *p; p++) {
        pattern = *p;
        printf("%c:", pattern);
        for (int d = 0; d < 4; d++) {
            double results[ROUNDS];

            events = pattern == 'C' ? 20 : 20000;
            for (int i = 0; i < ROUNDS; i++)
                results[i] = deep(depths[d] - 5);
            qsort(results, ROUNDS, sizeof results[0], by_size);
            printf("  depth %d (%u frames) %.0f ns", depths[d], stack.used, results[ROUNDS / 2]);
        }
        printf("\n");
    }
    mt_unwind_thread_exit(&stack);
    return 0;
}
