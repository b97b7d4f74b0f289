/* SPDX-License-Identifier: MIT
 *
 * The native stack of the calling thread: the order in which the unwinders are asked.
 */
#include "unwind.h"

#include <stdatomic.h>

#include "meta.h"
#include "unwind_full.h"
#include "unwind_walk.h"

static bool rules_work;
static bool full_works;
static _Atomic uint32_t generation;

bool mt_unwind_init(void)
{
    rules_work = mt_rule_init();
    full_works = mt_unwind_full_init();
    return rules_work || full_works;
}

static struct mt_walk *walk_of(struct mt_stack *stack)
{
    if (!stack->state)
        stack->state = mt_meta_alloc(sizeof(struct mt_walk));
    return stack->state;
}

void mt_unwind(struct mt_stack *stack, const struct mt_start *from)
{
    struct mt_walk *walk = walk_of(stack);
    uint32_t now = atomic_load_explicit(&generation, memory_order_acquire);

    if (!walk || !rules_work) {
        mt_unwind_full(stack, from);
        return;
    }
    if (__builtin_expect(walk->generation != now, 0)) {
        walk->generation = now;
        walk->memo = false;
        stack->used = 0; /* the same addresses may be other code now, so nothing counts as kept */
    }
    if (!mt_walk(stack, walk, from)) {
        walk->cookie = 0;
        walk->full_captures++;
        mt_unwind_full(stack, from);
    }
}

/* How many of the innermost frames both must agree on: all, up to the first one that nothing describes. From there on
 * libunwind takes the frame pointer for more than it knows (it loses rsp), so that it is no judge. */
static uint32_t comparable(const struct mt_stack *stack)
{
    const struct mt_walk *walk = stack->state;
    uint32_t count = 0;

    if (!stack->cookie) /* by the full unwinder */
        return stack->used;
    while (count < stack->used &&
           MT_RULE_KIND(walk->links[stack->used - 1 - count].rule) != MT_RULE_GUESS)
        count++;
    return count < stack->used ? count + 1 : count;
}

static bool same(const struct mt_stack *stack, const struct mt_stack *oracle)
{
    uint32_t count = comparable(stack);

    if (count == stack->used && (oracle->used != stack->used || oracle->cut != stack->cut))
        return false;
    if (oracle->used < count)
        return false;
    for (uint32_t i = 1; i <= count; i++) {
        const struct mt_frame *a = &stack->frames[stack->used - i];
        const struct mt_frame *b = &oracle->frames[oracle->used - i];

        if (a->pc != b->pc || a->sp != b->sp)
            return false;
    }
    return true;
}

void mt_unwind_verify(struct mt_stack *stack, const struct mt_start *from, uint64_t *differences)
{
    struct mt_walk *walk;

    mt_unwind(stack, from);
    walk = stack->state;
    if (!walk || !full_works)
        return;
    if (!walk->oracle)
        walk->oracle = mt_meta_alloc(sizeof *walk->oracle);
    if (!walk->oracle)
        return;
    mt_unwind_full(walk->oracle, from);
    if (!same(stack, walk->oracle))
        ++*differences;
}

void mt_unwind_thread_exit(struct mt_stack *stack)
{
    struct mt_walk *walk = stack->state;

    if (walk) {
        if (walk->oracle)
            mt_unwind_thread_exit(walk->oracle);
        mt_meta_free(walk->oracle);
        mt_meta_free(walk->links);
        mt_meta_free(walk->steps);
        mt_meta_free(walk);
    }
    if (stack->cap)
        mt_meta_free(stack->frames);
    *stack = (struct mt_stack){.frames = NULL};
}

void mt_unwind_flush(void)
{
    mt_rule_flush();
    atomic_fetch_add_explicit(&generation, 1, memory_order_release);
    mt_unwind_full_flush();
}
