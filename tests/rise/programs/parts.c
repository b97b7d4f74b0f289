/* SPDX-License-Identifier: MIT
 * With parts_other.c, for link-time optimisation: functions of either file that may be inlined into the other's. */
#include "parts.h"
/* What stands on one line is the point. */
/* clang-format off */

void parts_store(int slot, int bytes)
{
    FRAME;
    TAKE(slot, bytes); TAKE(slot + 1, bytes / 3);
}

static NOINLINE void use(int i)
{
    FRAME;
    CALL(parts_drop(i)); CALL(parts_store(i, 90)); CALL(parts_drop(i + 1));
    CALL(in_header(i + 60)); CALL(in_header(i + 70)); TAKE(i + 90, 2);
}

void program(void)
{
    FRAME;
    oracle_seed(31);
    for (int i = 0; i < 40; i++) { CALL(parts_step(i)); CALL(use(i)); }
    CALL(parts_step(3)); CALL(use(5));
    for (int i = 0; i < 40; i++) { if (oracle_pick(2)) { CALL(parts_store(i, 50)); } else { CALL(parts_drop(i)); } CALL(use(oracle_pick(40))); }
}
