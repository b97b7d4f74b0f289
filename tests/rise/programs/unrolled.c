/* SPDX-License-Identifier: MIT
 * Loops of a constant number of turns, compiled with -funroll-loops: a call site of the source becomes several. They are one line of
 * the caller; what is called runs below several frames, so that its own runs are short. That is the definition (the frames outside
 * are not the same), and a reason not to unroll where a loop's body is looked at. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void add(int n) { FRAME; TAKE(n, 100 + n); }
static NOINLINE void pass(int n) { FRAME; TAKE(200, 10 * n + 1); CALL(add(n)); FREE(200); }

static NOINLINE void eight(int base)
{
    FRAME;
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) { CALL(add(base + i)); CALL(pass(base + i)); }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) { FREE(base + i); }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) { TAKE(100 + i, 1000); TAKE(103 + k, 10); FREE(100 + i); }
}

void program(void)
{
    FRAME;
    for (int i = 0; i < 5; i++) { CALL(eight(i)); CALL(add(i)); CALL(eight(i + 20)); }
}
