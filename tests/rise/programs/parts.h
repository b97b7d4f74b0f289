/* SPDX-License-Identifier: MIT */
#ifndef RISE_PARTS_H
#define RISE_PARTS_H
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

void parts_store(int slot, int bytes);
void parts_drop(int slot);
void parts_step(int i);

/* In both files, inlined in some places. */
static inline void in_header(int slot)
{
    FRAME;
    TAKE(slot, 300); CALL(parts_store(slot + 2, 20)); FREE(slot);
    if (slot % 5 == 0) FREE(slot + 2);
}
#endif
