/* SPDX-License-Identifier: MIT */
#include "unwind/stack.h"

#include "base/meta.h"

bool mt_unwind_reserve(struct mt_stack *stack, uint32_t count)
{
    uint32_t cap = stack->cap ? stack->cap : 256;
    struct mt_frame *frames;

    if (count <= stack->cap)
        return true;
    while (cap < count)
        cap *= 2;
    frames = mt_meta_grow(stack->cap ? stack->frames : NULL, stack->cap * sizeof *frames,
                          cap * sizeof *frames);
    if (!frames)
        return false;
    if (!stack->cap && stack->frames == &stack->only)
        frames[0] = stack->only;
    stack->frames = frames;
    stack->cap = cap;
    return true;
}

void mt_unwind_caller_only(struct mt_stack *stack, const struct mt_start *from)
{
    if (!mt_unwind_reserve(stack, 1))
        stack->frames = &stack->only;
    stack->kept =
        stack->used > 0 && stack->frames[0].pc == from->pc && stack->frames[0].sp == from->sp;
    stack->frames[0].pc = from->pc;
    stack->frames[0].sp = from->sp;
    stack->used = 1;
    stack->cut = 2;
    stack->by_rules = false;
}
