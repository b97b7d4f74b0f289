/* SPDX-License-Identifier: MIT
 * One call site that calls now this function, now that one, and now the allocator itself. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

typedef void *function(size_t);

static NOINLINE void *small(size_t n) { FRAME; TAKE(10, n / 10 + 1); TAKE(11, 3); return oracle_block(10)->start; }
static NOINLINE void *large(size_t n) { FRAME; TAKE(20, n); FREE(21); TAKE(21, n * 2); return NULL; }
static NOINLINE void *none(size_t n) { FRAME; FREE(10 + 10 * (n % 2)); FREE(11); return NULL; }
static function *const volatile table[] = {small, large, none, malloc};

static NOINLINE void dispatch(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        uint32_t which = oracle_pick(4), bytes = 50 + 10 * oracle_pick(20);
        function *f = table[which];
        oracle_at(__LINE__); void *p = f(bytes); ORACLE_MARK; if (which == 3) GOT(p, bytes);
        if (which == 3 && i % 3) { free(p); GAVE(bytes); }
    }
}

static NOINLINE void two_of_them(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        function *f = table[oracle_pick(3)], *g = table[oracle_pick(3)];
        CALL(f(100)); CALL(g(70)); CALL(f(11)); TAKE(i, 7);
        CALL(g(90));
    }
}

void program(void)
{
    FRAME;
    oracle_seed(17);
    CALL(dispatch(200)); CALL(two_of_them(60)); CALL(dispatch(20));
    CALL(small(10)); CALL(large(30)); CALL(none(1));
}
