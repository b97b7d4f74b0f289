/* SPDX-License-Identifier: MIT
 * Small methods that optimisation takes in, in a class template with a base; static functions of one caller; name spaces. */
#include "operators.h"
/* What stands on one line is the point. */
/* clang-format off */

namespace {
struct Counted { int taken = 0; };
template <typename Self> struct Base : Counted {
    void add(int n) { FRAME_AS("add"); TAKE(n, 64); static_cast<Self *>(this)->note(n); }
    void cut(int n) { FRAME_AS("cut"); FREE(n); FREE(n + 1); }
};
struct Log : Base<Log> {
    void note(int n) { (void)n; taken++; }
    void put(int n) { FRAME; CALL(add(n)); CALL(add(n + 1)); if (n % 3 == 0) CALL(cut(n)); }
};
void only_once(Log &log, int n) { FRAME; CALL(log.put(n)); TAKE(n + 100, 3); CALL(log.put(n + 10)); }
}

static NOINLINE void loop(int count)
{
    FRAME;
    Log log;
    for (int i = 0; i < count; i++) { CALL(log.put(i)); CALL(log.cut(i + 1)); CALL(log.put(i + 30)); }
    for (int i = 0; i < count; i++)
        CALL(only_once(log, i));
}

void program(void)
{
    FRAME;
    CALL(loop(30)); CALL(loop(4));
    TAKE(250, 1); CALL(loop(9)); FREE(250);
}
