/* SPDX-License-Identifier: MIT */
#include "library.h"
/* What stands on one line is the point. */
/* clang-format off */

NOINLINE void each(void (*what)(int), int from, int count)
{
    FRAME;
    TAKE(240, 256);
    for (int i = 0; i < count; i++) { CALL(what(from + i)); TAKE(241, 12); FREE(241); }
    FREE(240);
}

NOINLINE void each_two(void (*what)(int), void (*other)(int), int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { CALL(what(i)); if (i % 4 == 0) CALL(other(i + 1)); CALL(other(i)); }
}

NOINLINE void order(int (*less)(int, int), int count)
{
    FRAME;
    int numbers[64], answer;
    for (int i = 0; i < count; i++) numbers[i] = (int)oracle_pick(100);
    for (int i = 1; i < count; i++)
        for (int k = i; k; k--) {
            CALL(answer = less(numbers[k], numbers[k - 1]));
            if (!answer)
                break;
            int keep = numbers[k];
            numbers[k] = numbers[k - 1], numbers[k - 1] = keep;
        }
}
