/* SPDX-License-Identifier: MIT
 * Functions of ours that the standard library calls: from std::for_each, std::function, a comparator of std::map. */
#include <algorithm>
#include <functional>
#include <map>

#include "operators.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void store(int n) { FRAME_VIA("store"); TAKE(n, 100 + n); TAKE(n + 1, 10); FREE(n); }
static NOINLINE void drop(int n) { FRAME_VIA("drop"); FREE(n); FREE(n + 1); }

static NOINLINE void each(int count)
{
    FRAME;
    int numbers[32];
    for (int i = 0; i < 32; i++) numbers[i] = i * 5 % 37;
    for (int i = 0; i < count; i++) { CALL(std::for_each(numbers, numbers + i % 32, store)); CALL(std::for_each(numbers, numbers + i % 9, drop)); TAKE(200, 7); }
}

static NOINLINE void wrapped(const std::function<void(int)> &f, int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { CALL(f(i)); CALL(f(i + 40)); }
}

void program(void)
{
    FRAME;
    CALL(each(30)); CALL(each(3));
    static const std::function<void(int)> a = store, b = drop, c = [](int n) { FRAME_VIA("operator()"); TAKE(n, 33); if (n % 2) { FREE(n - 1); } };
    for (int i = 0; i < 5; i++) { CALL(wrapped(a, 4)); CALL(wrapped(b, 9)); CALL(wrapped(c, 7)); }
    CALL(wrapped(c, 20));
}
