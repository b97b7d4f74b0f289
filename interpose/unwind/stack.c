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

static void reverse(struct mt_frame *frames, uint32_t count)
{
    for (uint32_t i = 0, j = count; i + 1 < j; i++) {
        struct mt_frame swap = frames[i];

        frames[i] = frames[--j];
        frames[j] = swap;
    }
}

void mt_unwind_settle(struct mt_stack *stack, uint32_t old, uint32_t cut)
{
    uint32_t used = stack->used - old;
    struct mt_frame *fresh = stack->frames + old;
    uint32_t same = 0;

    reverse(fresh, used);
    while (same < old && same < used && stack->frames[same].pc == fresh[same].pc &&
           stack->frames[same].sp == fresh[same].sp)
        same++;
    for (uint32_t i = same; i < used; i++)
        stack->frames[i] = fresh[i];
    stack->used = used;
    stack->kept = same;
    stack->cut = cut;
    stack->by_rules = false;
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
