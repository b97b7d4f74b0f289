/* SPDX-License-Identifier: MIT
 * More sites of one line than are kept: its rise is exact, or marked. Few, 32, 33 and 40 of them, in order and in disorder. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

#define SITES_5(base) TAKE(base, 10); TAKE((base) + 1, 20); FREE(base); TAKE((base) + 2, 30); TAKE((base) + 3, 5)

static NOINLINE void ten(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { SITES_5(i * 4 % 100); SITES_5(i * 4 % 100 + 100); }
}

static NOINLINE void thirty_two(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        SITES_5(i % 100); SITES_5(i % 100 + 4); SITES_5(i % 100 + 8); SITES_5(i % 100 + 12); SITES_5(i % 100 + 16); SITES_5(i % 100 + 20); TAKE(i, 1); FREE(i);
        if (i % 20 == 19)
            FREE(i);
    }
}

static NOINLINE void thirty_three(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        SITES_5(i % 100); SITES_5(i % 100 + 4); SITES_5(i % 100 + 8); SITES_5(i % 100 + 12); SITES_5(i % 100 + 16); SITES_5(i % 100 + 20); TAKE(i, 1); FREE(i); FREE(i + 1);
        if (i % 20 == 19)
            FREE(i);
    }
}

#define SITE(n) case n: if (oracle_pick(5) < 3) { TAKE(n + 20 * oracle_pick(6), 10 * (n) + 1); } else { FREE(n + 20 * oracle_pick(6)); } break
/* 40 sites on one line. */
static NOINLINE void disorder(int count, int width)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        switch (oracle_pick(width)) { SITE(0); SITE(1); SITE(2); SITE(3); SITE(4); SITE(5); SITE(6); SITE(7); SITE(8); SITE(9); SITE(10); SITE(11); SITE(12); SITE(13); SITE(14); SITE(15); SITE(16); SITE(17); SITE(18); SITE(19); }
        if (oracle_pick(15) == 0)
            TAKE(150, 1);
        if (oracle_pick(40) == 0)
            FREE(oracle_pick(120));
    }
}

/* The whole stay of the frame is one run of a line with more sites than are kept, in some calls; not in others. */
static NOINLINE void whole(int count, int other)
{
    FRAME;
    if (other == 1) { TAKE(190, 3); FREE(190); TAKE(191, 2); }
    for (int i = 0; i < count; i++) { switch (oracle_pick(20)) { SITE(0); SITE(1); SITE(2); SITE(3); SITE(4); SITE(5); SITE(6); SITE(7); SITE(8); SITE(9); SITE(10); SITE(11); SITE(12); SITE(13); SITE(14); SITE(15); SITE(16); SITE(17); SITE(18); SITE(19); } }
    if (other == 2) { FREE(191); TAKE(192, 10); }
}

void program(void)
{
    FRAME;
    oracle_seed(3);
    CALL(ten(60)); CALL(thirty_two(60)); CALL(thirty_three(60));
    CALL(disorder(500, 3));
    CALL(disorder(1500, 20));
    for (int i = 0; i < 12; i++)
        CALL(whole(30 * (i + 2), i % 3));
}
