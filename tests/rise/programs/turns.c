/* SPDX-License-Identifier: MIT
 * Call sites of one line that take turns. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void keep(int i)
{
    FRAME;
    for (int n = 0; n < i; n++) { TAKE(n, 1000); TAKE(200, 10); FREE(200); }
}

static NOINLINE void three_lines(int i)
{
    FRAME;
    for (int n = 0; n < i; n++) {
        TAKE(n, 1000);
        TAKE(201, 10);
        FREE(201);
    }
}

static NOINLINE void drop(int i)
{
    FRAME;
    if (i) { TAKE(210, 10); FREE(210); }
    FREE(220 + i);
}

static NOINLINE void take(int i)
{
    FRAME;
    TAKE(230 + i, i ? 100 : 5000);
}

static NOINLINE void turn(int i)
{
    FRAME;
    CALL(drop(i)); CALL(take(i)); /* 1,000 given back, 5,000 taken; then 900 and 100 */
    FREE(230 + i);
}

/* One in ten stays. */
static NOINLINE void requests(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { TAKE(100, 300); TAKE(101, 20); if (i % 10) FREE(100); FREE(101); }
}

/* Up in some turns, down in others, a second line in between once in a while. */
static NOINLINE void waves(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        if (i / 20 % 2) { FREE(i % 20); FREE(20 + i % 20); } else { TAKE(i % 20, 50 + i); TAKE(20 + i % 20, 7); }
        if (i % 33 == 0)
            TAKE(50, 1);
        if (i % 7 == 0) { GROW(60, 100 + i); GROW(61, 400 - i); }
    }
}

void program(void)
{
    FRAME;
    TAKE(220, 1000); TAKE(221, 900);
    CALL(keep(50));
    for (int i = 0; i < 50; i++) { FREE(i); }
    CALL(three_lines(50));
    for (int i = 0; i < 2; i++)
        CALL(turn(i));
    CALL(requests(200)); CALL(requests(33));
    CALL(waves(200));
}
