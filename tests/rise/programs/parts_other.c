/* SPDX-License-Identifier: MIT */
#include "parts.h"
/* What stands on one line is the point. */
/* clang-format off */

void parts_drop(int slot)
{
    FRAME;
    FREE(slot); FREE(slot + 1);
}

static void twice(int i)
{
    FRAME;
    CALL(parts_store(i, 10)); CALL(in_header(i + 4)); CALL(parts_store(i + 2, 30));
}

void parts_step(int i)
{
    FRAME;
    CALL(twice(i)); CALL(in_header(i)); CALL(twice(i + 10));
    CALL(parts_drop(i + 2));
}
