/* SPDX-License-Identifier: MIT
 * Recursion: of one function, of two, by several sites of one line; deep. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void tree(int depth, int slot)
{
    FRAME;
    TAKE(slot, 10 * depth + 1);
    if (depth) { CALL(tree(depth - 1, slot * 2)); CALL(tree(depth - 1, slot * 2 + 1)); }
    if (depth % 2) FREE(slot);
}

static NOINLINE void odd(int n);
static NOINLINE void even(int n)
{
    FRAME;
    TAKE(n, 40); if (n) { CALL(odd(n - 1)); } FREE(n + 1);
    TAKE(n + 100, 3);
}
static NOINLINE void odd(int n)
{
    FRAME;
    if (n) CALL(even(n - 1));
    FREE(n + 101); if (n > 3) { CALL(even(n - 4)); } TAKE(n + 200, 90);
}

static NOINLINE void deep(int n)
{
    FRAME;
    if (n % 16 == 0) TAKE(n, 100);
    if (n) CALL(deep(n - 1));
    if (n % 32 == 0) FREE(n);
}

/* Which site goes on is not the same each time. */
static NOINLINE void walk(int n)
{
    FRAME;
    if (!n || !oracle_more()) return;
    switch (oracle_pick(4)) { case 0: CALL(walk(n - 1)); TAKE(n, 10); break; case 1: CALL(walk(n - 1)); CALL(walk(n - 1)); break; case 2: FREE(n); CALL(walk(n - 1)); break; default: TAKE(n + 20, 50); }
    if (oracle_pick(3) == 0) { CALL(walk(n - 1)); FREE(n + 20); }
}

void program(void)
{
    FRAME;
    oracle_seed(11);
    CALL(tree(6, 1));
    CALL(even(12)); CALL(odd(9));
    CALL(deep(200));
    oracle_allow(2000);
    for (int i = 0; i < 20; i++)
        CALL(walk(14));
    CALL(tree(3, 1)); CALL(tree(2, 5));
}
