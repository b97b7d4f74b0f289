/* SPDX-License-Identifier: MIT
 * The same functions in several threads at a time, with blocks that go from one to another; then again in threads that take the
 * places of ended ones. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

#define SHARED 64
static struct oracle_block shared[SHARED];

static NOINLINE void give(unsigned at, int bytes)
{
    FRAME;
    void *p = malloc(bytes); GOT(p, bytes);
    struct oracle_block *b = (struct oracle_block *)malloc(sizeof *b); GOT(b, sizeof *b);
    *b = (struct oracle_block){p, bytes};
    b = (struct oracle_block *)__atomic_exchange_n(&shared[at % SHARED].start, b, __ATOMIC_ACQ_REL);
    if (b) { free(b->start); GAVE(b->bytes); free(b); GAVE(sizeof *b); }
}

static NOINLINE void fetch(unsigned at)
{
    FRAME;
    struct oracle_block *b = (struct oracle_block *)__atomic_exchange_n(&shared[at % SHARED].start, NULL, __ATOMIC_ACQ_REL);
    if (b) { free(b->start); GAVE(b->bytes); free(b); GAVE(sizeof *b); }
}

static NOINLINE void own(int n)
{
    FRAME;
    for (int i = 0; i < n; i++) { TAKE(i, 100); TAKE(i + 1, 50); FREE(i); }
}

static void work(uint32_t number)
{
    FRAME;
    for (int i = 0; i < 150; i++) {
        CALL(give(oracle_pick(SHARED), 10 * (int)(number + 1) + i)); CALL(fetch(oracle_pick(SHARED)));
        if (oracle_pick(5) == 0)
            CALL(own((int)number + 2));
        CALL(fetch(oracle_pick(SHARED))); TAKE(100 + i, 4);
    }
}

const struct oracle_plan oracle_plan = {3, 3, work};

void program(void)
{
    FRAME;
    CALL(own(5));
    for (int i = 0; i < 30; i++) { CALL(give(i, 77)); }
    CALL(oracle_run_threads());
    CALL(work(1));
    for (int i = 0; i < SHARED; i++) { CALL(fetch(i)); }
}
