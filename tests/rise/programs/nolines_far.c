/* SPDX-License-Identifier: MIT
 * Compiled without line information, so that each function is one set of sites. */
#define ORACLE_NO_LINES
#include "nolines.h"

/* Without line information a clone is a function of its own: gcc makes none. */
#ifdef __clang__
#define FAR NOINLINE
#else
#define FAR __attribute__((noinline, noclone))
#endif

FAR void far_leaf(int slot, int bytes)
{
    FRAME;
    TAKE(slot, bytes);
    FREE(slot + 2);
    TAKE(slot + 2, 3);
}

FAR void far_turns(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        TAKE(i, 1000);
        CALL(far_leaf(100 + i, 20));
        CALL(near_store(200, 10));
        CALL(near_drop(200));
        FREE(i - 1);
    }
}

FAR void far_tree(int depth)
{
    FRAME;
    TAKE(depth, 100);
    if (depth) {
        CALL(far_tree(depth - 1));
        CALL(near_drop(depth - 1));
        CALL(far_tree(depth - 1));
    }
    CALL(near_store(depth + 50, 7));
}

FAR void far_disorder(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        switch (oracle_pick(7)) {
        case 0:
            TAKE(oracle_pick(30), 200);
            break;
        case 1:
            FREE(oracle_pick(30));
            break;
        case 2:
            CALL(far_leaf(oracle_pick(30), 60));
            break;
        case 3:
            CALL(near_store(oracle_pick(30), 20));
            break;
        case 4:
            CALL(near_drop(oracle_pick(30)));
            break;
        case 5:
            CALL(far_tree(1));
            break;
        default:
            FREE(oracle_pick(60));
        }
    }
}
