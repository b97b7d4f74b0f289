/* SPDX-License-Identifier: MIT
 *
 * No unwinder but our own: on macOS the rules and rows (unwind/rows.c) know all that the system's knows, and it would take
 * dyld's lock.
 */
#include "unwind/full.h"

bool mt_unwind_full_init(void)
{
    return false;
}

bool mt_unwind_full_works(void)
{
    return false;
}

void mt_unwind_full(struct mt_stack *stack, const struct mt_start *from)
{
    mt_unwind_caller_only(stack, from);
}

void mt_unwind_full_flush(void)
{
}
