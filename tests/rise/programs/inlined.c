/* SPDX-License-Identifier: MIT
 * Functions that are always inlined, some twice on a line, in each other and in what recurses; others where the compiler decides. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static INLINE void put(int slot, int bytes) { FRAME; TAKE(slot, bytes); }
static INLINE void drop(int slot) { FRAME; FREE(slot); }
static INLINE void put_two(int slot, int bytes)
{
    FRAME;
    CALL(put(slot, bytes)); CALL(put(slot + 1, bytes));
    CALL(drop(slot));
}
static INLINE void both(int slot)
{
    FRAME;
    CALL(put_two(slot, 100));
    CALL(drop(slot + 1)); CALL(put_two(slot + 2, 10));
}
static NOINLINE void leaf(int slot) { FRAME; CALL(put(slot, 500)); CALL(drop(slot + 1)); }
static INLINE void over(int slot) { FRAME; CALL(leaf(slot)); CALL(drop(slot)); CALL(leaf(slot + 1)); }

static void maybe(int slot, int bytes)
{
    FRAME;
    TAKE(slot, bytes); if (bytes > 20) { FREE(slot); }
    CALL(leaf(slot + 7));
}

static NOINLINE void one_line(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { CALL(put(i, 100)); CALL(put(i + 50, 10)); CALL(drop(i + 50)); }
    for (int i = 0; i < count; i++) { CALL(both(i)); CALL(both(i + 90)); }
}

static NOINLINE void lines(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        CALL(both(i));
        CALL(over(i));
        CALL(both(i + 1)); CALL(over(i + 60)); CALL(drop(i + 60));
        CALL(put_two(i, 3));
        CALL(maybe(i, 10)); CALL(maybe(i, 30));
    }
}

static NOINLINE void again(int depth)
{
    FRAME;
    CALL(both(depth * 3));
    if (depth) CALL(again(depth - 1));
    CALL(over(depth)); if (depth > 2) { CALL(again(depth - 3)); } CALL(put(depth, 9));
}

void program(void)
{
    FRAME;
    CALL(one_line(15)); CALL(lines(15));
    CALL(again(6));
    CALL(maybe(3, 1000));
    CALL(over(1)); CALL(put(1, 1)); CALL(over(20)); CALL(lines(2));
}
