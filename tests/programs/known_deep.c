/* SPDX-License-Identifier: MIT
 *
 * Deep stacks: complete ones of thousands of frames, on which main must be found; deeper ones than a log holds, which are
 * cut, marked as cut, and exact otherwise. And levels that do not fit 32 bits.
 */
#include "known.h"

static volatile int complete = 8000, too_deep = 20000; /* a log holds 16,384 */
static void *block;

static __attribute__((noinline)) void down(int n)
{
    if (n)
        known_here.depth > 1 ? down(n - 1) : CALL_VOID(down(n - 1)); /* once is enough */
    else if (!block)
        block = ALLOC(1234, malloc(1234));
    else
        RELEASE(block, free(block)), block = NULL;
    known_stay();
}

static void *blocks[3];

static __attribute__((noinline)) void up(void)
{
    /* Nothing of it is touched. If there is not that much to be had, it is no allocation. */
    for (int i = 0; i < 3; i++)
        blocks[i] = ALLOC(2ul << 30, malloc(2ul << 30));
}

static __attribute__((noinline)) void away(void)
{
    for (int i = 0; i < 3; i++)
        if (blocks[i])
            RELEASE(blocks[i], free(blocks[i]));
}

int main(void)
{
    for (int i = 0; i < 2; i++)
        CALL_VOID(down(complete));
    down(too_deep);
    down(too_deep);
    known_cut = 2;
    CALL_VOID(up());
    CALL_VOID(away());
    return known_end(1);
}
