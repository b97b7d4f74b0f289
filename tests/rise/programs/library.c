/* SPDX-License-Identifier: MIT
 * With library_callback.c, a shared library that calls back: qsort-like, and a loop of its own. */
#include "library.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void visit(int i)
{
    FRAME;
    TAKE(i, 60); TAKE(i + 1, 6);
    if (i % 3) FREE(i);
}

static NOINLINE void clear(int i)
{
    FRAME;
    FREE(i); FREE(i + 1);
}

static NOINLINE int compare(int a, int b)
{
    FRAME;
    TAKE(180, 10 + a); TAKE(181, 5); FREE(180); FREE(181);
    return a < b;
}

void program(void)
{
    FRAME;
    for (int i = 0; i < 6; i++) { CALL(each(visit, i, 12)); CALL(each(clear, i, 5)); CALL(each(visit, i + 40, 3)); }
    CALL(order(compare, 20));
    CALL(each_two(visit, clear, 25)); TAKE(99, 1); CALL(each_two(clear, visit, 10));
}
