/* SPDX-License-Identifier: MIT
 * More sites of one line than are kept: its rise is exact, or marked. Eleven, fourteen and twenty of them, in order and in disorder. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

#define SITES_5(base) TAKE(base, 10); TAKE((base) + 1, 20); FREE(base); TAKE((base) + 2, 30); TAKE((base) + 3, 5)

static NOINLINE void ten(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { SITES_5(i * 4 % 100); SITES_5(i * 4 % 100 + 100); }
}

static NOINLINE void eleven(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { SITES_5(i * 4 % 100); SITES_5(i * 4 % 100 + 100); FREE(i); }
}

static NOINLINE void fourteen(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        SITES_5(i * 4 % 100); SITES_5(i * 4 % 100 + 100); FREE(i); FREE(i + 1); FREE(i + 2); FREE(i + 3);
        if (i % 20 == 19)
            FREE(i);
    }
}

#define SITE(n) case n: if (oracle_pick(5) < 3) { TAKE(n + 20 * oracle_pick(6), 10 * (n) + 1); } else { FREE(n + 20 * oracle_pick(6)); } break
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

void program(void)
{
    FRAME;
    oracle_seed(3);
    CALL(ten(60)); CALL(eleven(60)); CALL(fourteen(60));
    CALL(disorder(500, 3));
    CALL(disorder(1500, 20));
}
