/* SPDX-License-Identifier: MIT
 *
 * The native stack of the calling thread: the order in which the unwinders are asked.
 */
#include "unwind.h"

#include "meta.h"
#include "unwind_full.h"

bool mt_unwind_init(void)
{
    return mt_unwind_full_init();
}

void mt_unwind(struct mt_stack *stack, const struct mt_start *from)
{
    mt_unwind_full(stack, from);
}

void mt_unwind_thread_exit(struct mt_stack *stack)
{
    if (stack->cap)
        mt_meta_free(stack->frames);
    *stack = (struct mt_stack){.frames = NULL};
}

void mt_unwind_flush(void)
{
    mt_unwind_full_flush();
}
