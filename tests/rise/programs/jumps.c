/* SPDX-License-Identifier: MIT
 * longjmp out of several functions, now and then, and the process ends deep inside, without returning. */
#include <setjmp.h>

#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static jmp_buf out;

static NOINLINE void inner(int n)
{
    FRAME;
    TAKE(n, 100); TAKE(n + 1, 20);
    if (n % 4 == 0) { TAKE(n + 90, 500); longjmp(out, 1); }
    FREE(n); TAKE(n + 40, 1);
}

static NOINLINE void middle(int n)
{
    FRAME;
    CALL(inner(n)); CALL(inner(n + 1));
    TAKE(150, 44); CALL(inner(n + 2)); FREE(150);
}

static NOINLINE void attempt(volatile int n)
{
    FRAME;
    uint32_t depth = oracle_depth + 1;
    if (setjmp(out)) { oracle_leave(&depth); FREE(n); TAKE(160, 9); return; }
    CALL(middle(n)); FREE(n + 1); CALL(middle(n + 1));
}

static NOINLINE void end(int depth)
{
    FRAME;
    TAKE(depth, 70); TAKE(depth + 60, 30); FREE(depth);
    if (!depth) oracle_quit();
    CALL(end(depth - 1)); CALL(attempt(depth));
}

void program(void)
{
    FRAME;
    for (int i = 1; i < 20; i++) { CALL(attempt(i)); CALL(attempt(i + 3)); }
    for (int i = 0; i < 60; i++) { TAKE(170, 10); TAKE(171, 100 + i); FREE(170); if (i == 50) CALL(end(12)); }
}
