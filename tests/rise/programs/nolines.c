/* SPDX-License-Identifier: MIT
 * With nolines_far.c, which is compiled without -g: of its functions the totals are known. */
#include "nolines.h"
/* What stands on one line is the point. */
/* clang-format off */

void near_store(int slot, int bytes)
{
    FRAME;
    TAKE(slot, bytes); TAKE(slot + 1, 10);
    FREE(slot + 1);
}

void near_drop(int slot)
{
    FRAME;
    FREE(slot);
}

void program(void)
{
    FRAME;
    oracle_seed(5);
    CALL(far_turns(40)); CALL(far_leaf(1, 7));
    CALL(far_tree(5)); CALL(near_drop(3));
    for (int i = 0; i < 20; i++) { CALL(far_leaf(i, 100)); CALL(near_drop(i)); CALL(far_leaf(i + 30, 5)); }
    CALL(far_disorder(200));
}
