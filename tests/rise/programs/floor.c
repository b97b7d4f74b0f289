/* SPDX-License-Identifier: MIT
 * So many stretches that small rises are no longer recorded: more look-ups than are free, and more sets of one frame than it may have. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void add(int n) { FRAME; TAKE(n, n + 1); }
static NOINLINE void drop(int n) { FRAME; FREE(n); }

#define SITE(n) case n: CALL(add(n)); break; case n + 32: CALL(drop(n)); break
static NOINLINE void disorder(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) {
        switch (oracle_pick(6)) { SITE(0); SITE(1); SITE(2); SITE(3); SITE(4); SITE(5); }
        switch (32 * oracle_pick(2) + oracle_pick(6)) { SITE(0); SITE(1); SITE(2); SITE(3); SITE(4); SITE(5); }
        switch (32 * oracle_pick(2) + oracle_pick(9)) { SITE(0); SITE(1); SITE(2); SITE(3); SITE(4); SITE(5); SITE(6); SITE(7); SITE(8); }
        if (oracle_pick(50) == 0) { TAKE(100, 3000); FREE(100); }
        if (oracle_pick(9) == 0) { TAKE(101, 2); FREE(101); }
    }
}

void program(void)
{
    FRAME;
    oracle_seed(23);
    TAKE(200, 1000000);
    CALL(disorder(9000));
    for (int i = 0; i < 40; i++) { TAKE(210 + i, 40); TAKE(150, 5); FREE(150); }
}
