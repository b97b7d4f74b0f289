/* SPDX-License-Identifier: MIT
 *
 * The native stack of the calling thread: the order in which the unwinders are asked.
 */
#include "base/near.h"
#include "unwind/unwind.h"

#include <stdatomic.h>

#include "base/aside.h"
#include "base/meta.h"
#include "unwind/bounds.h"
#include "unwind/full.h"
#include "unwind/layers.h"
#include "unwind/rows.h"
#include "unwind/walk.h"
#include "unwind/whole.h"
#ifdef MEMTRACE_VERIFY_STACKS
#include "unwind/verify.h"
#endif

static bool rules_work;
static _Atomic uint32_t generation;

void mt_unwind_start(void)
{
    mt_bounds_begin_process();
    rules_work = mt_rule_init();
}

bool mt_unwind_init(void)
{
    mt_unwind_start();
#ifdef MEMTRACE_VERIFY_STACKS
    mt_unwind_full_init(); /* to compare with */
#endif
    return rules_work || mt_unwind_full_init();
}

static struct mt_walk *walk_of(struct mt_stack *stack)
{
    if (!stack->state)
        stack->state = mt_meta_alloc(sizeof(struct mt_walk));
    return stack->state;
}

static __attribute__((noinline, cold)) void flush(struct mt_stack *stack, struct mt_walk *walk,
                                                  uint32_t now)
{
    walk->generation = now;
    walk->memo = false;
    stack->used = 0; /* so nothing counts as kept */
    mt_wholes_forget(walk->wholes);
}

/* Code may have come and gone since the last capture: the same addresses may mean something else
 * now. True: nothing is remembered any more. */
static inline bool notice_flush(struct mt_stack *stack, struct mt_walk *walk)
{
    uint32_t now = atomic_load_explicit(&generation, memory_order_acquire);

    if (__builtin_expect(walk->generation == now, 1))
        return false;
    flush(stack, walk, now);
    return true;
}

static inline __attribute__((always_inline)) struct mt_whole *again(struct mt_stack *stack,
                                                                    const struct mt_start *from)
{
    struct mt_walk *walk = stack->state;

    if (__builtin_expect(!walk || !walk->wholes, 0))
        return NULL;
    if (__builtin_expect(notice_flush(stack, walk), 0))
        return NULL;
    return mt_whole_find(walk->wholes, from);
}

struct mt_whole *mt_unwind_again_unchecked(struct mt_stack *stack, const struct mt_start *from)
{
    return again(stack, from);
}

MT_HOT struct mt_whole *mt_unwind_again(struct mt_stack *stack, const struct mt_start *from)
{
#ifdef MEMTRACE_VERIFY_STACKS
    return mt_unwind_again_checked(stack, from);
#else
    return again(stack, from);
#endif
}

MT_HOT struct mt_whole *mt_unwind_remember(struct mt_stack *stack, const struct mt_start *from)
{
    struct mt_walk *walk = stack->state;

    if (!walk || !stack->by_rules || (!walk->wholes && !(walk->wholes = mt_wholes_new())))
        return NULL;
    return mt_whole_add(walk->wholes, stack, walk, from);
}

void mt_unwind_forget(struct mt_stack *stack)
{
    struct mt_walk *walk = stack->state;

    if (walk)
        mt_wholes_forget(walk->wholes);
}

struct capture {
    struct mt_stack *stack;
    const struct mt_start *from;
};

/* libunwind's frames take 8 KiB. */
static void full(void *capture)
{
    const struct capture *c = capture;
    mt_unwind_full(c->stack, c->from);
}

MT_HOT void mt_unwind_layers(struct mt_stack *stack, const struct mt_start *from)
{
    struct mt_walk *walk = walk_of(stack);

    if (!rules_work) {
        mt_aside(full, &(struct capture){stack, from});
        return;
    }
    if (!walk) {
        mt_unwind_caller_only(stack, from);
        return;
    }
    notice_flush(stack, walk);
    if (!mt_walk(stack, walk, from)) {
        walk->full_captures++;
        mt_unwind_rows(stack, &walk->bounds, from);
    }
}

MT_HOT void mt_unwind(struct mt_stack *stack, const struct mt_start *from)
{
#ifdef MEMTRACE_VERIFY_STACKS
    mt_unwind_checked(stack, from);
#else
    mt_unwind_layers(stack, from);
#endif
}

void mt_unwind_thread_exit(struct mt_stack *stack)
{
    struct mt_walk *walk = stack->state;

    if (walk) {
        if (walk->oracle)
            mt_unwind_thread_exit(walk->oracle);
        mt_meta_free(walk->oracle);
        mt_wholes_free(walk->wholes);
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
