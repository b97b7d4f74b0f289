/* SPDX-License-Identifier: MIT
 * Exceptions: destructors while frames are left, handlers at several depths, and the exception itself, which is memory, too: 128 bytes
 * of the C++ runtime before it (x86-64 and aarch64). */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

struct Failure { long code[4]; };
static const int thrown = 128 + (int)sizeof(Failure);

struct Holder {
    void *start; int bytes;
    NOINLINE explicit Holder(int n) : start(nullptr), bytes(n) { FRAME; start = malloc(n); GOT(start, n); }
    Holder(const Holder &) = delete;
    NOINLINE ~Holder() { FRAME; free(start); GAVE(bytes); }
};

static NOINLINE void fail_some(int n)
{
    FRAME;
    TAKE(n, 40); FREE(n + 1);
    if (n % 3 == 0) { oracle_event(__LINE__, thrown); throw Failure{{n}}; }
    TAKE(n + 2, 9);
}

static NOINLINE void inner(int n)
{
    FRAME;
    { oracle_at(__LINE__); Holder h(300); CALL(fail_some(n)); CALL(fail_some(n + 1)); oracle_at(__LINE__); }
    TAKE(n + 50, 6);
}

static NOINLINE void middle(int n)
{
    FRAME;
    try { CALL(inner(n)); CALL(inner(n + 2)); } catch (const Failure &) { oracle_event(__LINE__, -thrown); }
    { oracle_at(__LINE__); Holder h(20); CALL(inner(n * 2)); TAKE(100, 10); FREE(100); oracle_at(__LINE__); }
}

static NOINLINE void outer(int n)
{
    FRAME;
    try { TAKE(120, 1000); CALL(middle(n)); FREE(120); } catch (const Failure &) { FREE(120); oracle_event(__LINE__, -thrown); }
    TAKE(130 + n, 11); TAKE(131 + n, 22);
}

void program(void)
{
    FRAME;
    for (int i = 0; i < 30; i++) { CALL(outer(i)); CALL(outer(i + 1)); }
    try { CALL(middle(3)); CALL(middle(5)); } catch (const Failure &) { TAKE(150, 30); oracle_event(__LINE__, -thrown); }
}
