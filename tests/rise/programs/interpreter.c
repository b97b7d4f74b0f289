/* SPDX-License-Identifier: MIT
 * An interpreter's loop: 26 call sites on lines of their own, and all of them on one line. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void push(int bytes) { FRAME; TAKE(oracle_pick(60), bytes); }
static NOINLINE void pop(int count) { FRAME; for (int i = 0; i < count; i++) { FREE(oracle_pick(60)); } }
static NOINLINE void swap(int bytes) { FRAME; CALL(pop(2)); CALL(push(bytes)); }
static NOINLINE void grow(int bytes) { FRAME; GROW(61 + oracle_pick(3), bytes); }

static NOINLINE void run(int steps, int depth)
{
    FRAME;
    for (int i = 0; i < steps && oracle_more(); i++) {
        switch (oracle_pick(26)) {
        case 0: CALL(push(10)); break;
        case 1: CALL(push(20)); break;
        case 2: CALL(push(400)); break;
        case 3: CALL(pop(1)); break;
        case 4: CALL(pop(2)); break;
        case 5: CALL(pop(3)); break;
        case 6: CALL(swap(100)); break;
        case 7: CALL(swap(1)); break;
        case 8: CALL(grow(64)); CALL(grow(128)); break;
        case 9: CALL(grow(1000)); break;
        case 10: TAKE(70, 33); FREE(70); break;
        case 11: FREE(71); TAKE(71, 50); break;
        case 12: TAKE(oracle_pick(60), 77); break;
        case 13: FREE(oracle_pick(60)); break;
        case 14: CALL(push(11)); break;
        case 15: CALL(pop(9)); break;
        case 16: CALL(push(12)); CALL(pop(1)); CALL(push(90)); break;
        case 17: CALL(swap(500)); break;
        case 18: CALL(grow(30)); break;
        case 19: CALL(grow(2000)); CALL(pop(4)); break;
        case 20: CALL(push(2)); break;
        case 21: CALL(push(3)); break;
        case 22: CALL(pop(7)); break;
        case 23: CALL(swap(44)); break;
        case 24: if (depth) CALL(run(steps / 2, depth - 1)); break;
        case 25: if (depth) { CALL(run(steps / 3, depth - 1)); CALL(run(steps / 4, depth - 1)); } break;
        }
    }
}

#define ONE(n, what) case n: what; break;
static NOINLINE void one_line(int steps)
{
    FRAME;
    for (int i = 0; i < steps; i++) {
        if (i % 50 == 49)
            CALL(pop(20));
        switch (oracle_pick(i % 50 < 25 ? 6 : 22)) { ONE(0, CALL(push(10))) ONE(1, CALL(push(20))) ONE(2, CALL(push(400))) ONE(3, CALL(pop(1))) ONE(4, CALL(pop(2))) ONE(5, CALL(swap(30))) ONE(6, CALL(push(1))) ONE(7, CALL(pop(1))) ONE(8, CALL(push(70))) ONE(9, CALL(swap(30))) ONE(10, CALL(push(8))) ONE(11, CALL(pop(8))) ONE(12, CALL(push(9))) ONE(13, CALL(push(99))) ONE(14, CALL(pop(3))) ONE(15, CALL(swap(3))) ONE(16, CALL(grow(3))) ONE(17, CALL(grow(300))) ONE(18, CALL(push(5))) ONE(19, TAKE(80, 40)) ONE(20, FREE(80)) ONE(21, CALL(push(6))) }
    }
}

void program(void)
{
    FRAME;
    oracle_seed(7);
    oracle_allow(4000);
    CALL(run(300, 3));
    CALL(one_line(600));
}
