/* SPDX-License-Identifier: MIT
 *
 * For ctypes: two ways of the same shape to one allocation, stacks that differ in a return address only; and a thread that
 * allocates for ever, which others can wait for.
 */
#include <sched.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static void take(size_t bytes)
{
    void *volatile block = malloc(bytes);
    free(block);
}

NOINLINE void path_a(int count)
{
    for (int i = 0; i < count; i++)
        take(1000);
}

NOINLINE void path_b(int count)
{
    for (int i = 0; i < count; i++)
        take(3000);
}

static unsigned long rounds;

NOINLINE static void take_deeper(int depth)
{
    if (depth)
        take_deeper(depth - 1);
    take(100);
}

NOINLINE void allocate_for_ever(void)
{
    for (;; __atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED))
        take_deeper((int)(rounds % 20));
}

/* Until the threads that do so have gone on for a while. */
void wait_for_rounds(unsigned long more)
{
    unsigned long until = __atomic_load_n(&rounds, __ATOMIC_RELAXED) + more;

    while (__atomic_load_n(&rounds, __ATOMIC_RELAXED) < until)
        sched_yield();
}

/* For on_exit. */
void wait_at_exit(int status, void *unused)
{
    (void)status;
    (void)unused;
    wait_for_rounds(1000);
}
