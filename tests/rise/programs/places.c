/* SPDX-License-Identifier: MIT
 * One function called from several places, of one line and of several, in turns; what it does depends on who calls. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void store(int slot, int bytes)
{
    FRAME;
    TAKE(slot, bytes);
}

static NOINLINE void drop(int slot)
{
    FRAME;
    FREE(slot);
}

static NOINLINE void both(int slot, int bytes)
{
    FRAME;
    CALL(store(slot, bytes)); CALL(store(slot + 1, bytes / 2));
    CALL(drop(slot));
}

static NOINLINE void same_line(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { CALL(both(i, 100)); CALL(both(i + 100, 30)); CALL(drop(i + 1)); }
}

static NOINLINE void other_lines(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        CALL(both(i, 100));
        CALL(drop(i + 1));
        if (i % 3)
            CALL(both(i + 100, 30));
        CALL(drop(i + 101)); CALL(store(i + 101, 10));
    }
}

/* A line that stands on the stack for long, one that comes up between. */
static NOINLINE void nested(int depth)
{
    FRAME;
    CALL(store(depth, 100 * depth));
    if (depth) { CALL(nested(depth - 1)); CALL(drop(depth)); CALL(nested(depth / 2 - 1 < 0 ? 0 : depth / 2 - 1)); }
    CALL(drop(depth + 1)); CALL(store(depth + 1, 5));
}

void program(void)
{
    FRAME;
    CALL(same_line(20)); CALL(other_lines(20));
    CALL(nested(8)); CALL(same_line(3));
    CALL(nested(5));
    CALL(store(0, 10000)); CALL(drop(0)); CALL(store(0, 3)); CALL(drop(1)); CALL(store(1, 20000));
}
