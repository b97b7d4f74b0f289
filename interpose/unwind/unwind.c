/* SPDX-License-Identifier: MIT
 *
 * The native stack of the calling thread: the order in which the unwinders are asked.
 */
#include "base/near.h"
#include "unwind/unwind.h"

#include "base/aside.h"
#include "base/meta.h"
#include "unwind/bounds.h"
#include "unwind/full.h"
#include "unwind/rows.h"
#include "unwind/tail.h"
#include "unwind/tail_find.h"
#include "unwind/verify.h"
#include "unwind/walk.h"
#include "unwind/whole.h"

#define WORD sizeof(uintptr_t)

static bool rules_work;
uint32_t mt_unwind_generation;

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
    stack->generation = now;
    walk->memo = false;
    stack->used = 0; /* so nothing counts as kept */
    mt_wholes_forget(stack->wholes);
}

/* Code may have come and gone since the last capture: the same addresses may mean something else
 * now. True: nothing is remembered any more. */
static inline bool notice_flush(struct mt_stack *stack, struct mt_walk *walk)
{
    uint32_t now = __atomic_load_n(&mt_unwind_generation, __ATOMIC_ACQUIRE);

    if (__builtin_expect(stack->generation == now, 1))
        return false;
    flush(stack, walk, now);
    return true;
}

static inline __attribute__((always_inline)) struct mt_whole *again(struct mt_stack *stack,
                                                                    const struct mt_start *from)
{
    struct mt_walk *walk = stack->state;

    if (__builtin_expect(!stack->wholes, 0))
        return NULL;
    if (__builtin_expect(notice_flush(stack, walk), 0))
        return NULL;
    return mt_whole_find(stack->wholes, from);
}

struct mt_whole *mt_unwind_again_unchecked(struct mt_stack *stack, const struct mt_start *from)
{
    return again(stack, from);
}

struct mt_whole *mt_unwind_again(struct mt_stack *stack, const struct mt_start *from)
{
#ifdef MEMTRACE_VERIFY_STACKS
    return mt_unwind_again_checked(stack, from);
#else
    return again(stack, from);
#endif
}

/* The words that the walk read: first the return addresses, then what else decided where these
 * stand. */
static bool collect(struct mt_whole_picked *words, const struct mt_stack *stack,
                    const struct mt_walk *walk)
{
    const struct mt_frame *frames = stack->frames;
    const struct mt_link *links = walk->links;

    for (uint32_t at = stack->used - 1; at > 0; at--)
        if (!mt_whole_put(words, frames[at - 1].sp - mt_walk_saved_ra(links[at].rule) * WORD))
            return false;
    for (uint32_t at = stack->used - 1; at > 0; at--) {
        if (MT_RULE_KIND(links[at].rule) == MT_RULE_REALIGNED) {
            if (!mt_whole_put(words, links[at].fp - MT_ARCH_RULE_N(links[at].rule) * WORD) ||
                (links[at - 1].need && !mt_whole_put(words, links[at].fp)))
                return false;
        } else if (links[at].check &&
                   !mt_whole_put(words, frames[at - 1].sp - links[at].check * WORD)) {
            return false;
        }
    }
    return true;
}

/* The thread's wholes, if they do not rest; NULL: none. */
static inline struct mt_wholes *wholes_of(struct mt_stack *stack)
{
    if (!stack->wholes)
        stack->wholes = mt_wholes_new();
    return stack->wholes && !stack->wholes->rests ? stack->wholes : NULL;
}

MT_HOT struct mt_whole *mt_unwind_remember(struct mt_stack *stack, const struct mt_start *from)
{
    struct mt_walk *walk = stack->state;

    if (!walk || !stack->by_rules || !walk->memo || stack->cut || stack->used < 2 ||
        stack->used > MT_WHOLE_WORDS || !wholes_of(stack) ||
        !collect(mt_whole_words(stack->wholes, from), stack, walk))
        return NULL;
    return mt_whole_add(stack->wholes, from, stack->used, walk->links[stack->used - 1].need);
}

MT_HOT struct mt_whole *mt_unwind_remember_known(struct mt_stack *stack,
                                                 const struct mt_start *from)
{
    struct mt_walk *walk = stack->state;
    const struct mt_tail_frame *frames;
    struct mt_whole_picked *words;
    struct mt_whole *whole;
    uint32_t used;
    bool need;

    if (!walk || !wholes_of(stack))
        return NULL;
    words = mt_whole_words(stack->wholes, from);
    if (!mt_tails_words(stack->tails, words, &need))
        return NULL;
    frames = mt_tails_frames(stack->tails, &used);
    whole = mt_whole_add(stack->wholes, from, used + 1, need);
    if (whole) {
        for (uint32_t i = 0; i < used; i++)
            mt_whole_nodes(whole)[i] = frames[i].node;
        mt_whole_nodes(whole)[used] = mt_tails_leaf(stack->tails);
        whole->named = true;
    }
    return whole;
}

void mt_unwind_forget(struct mt_stack *stack)
{
    mt_wholes_forget(stack->wholes);
    mt_tails_forget(stack->tails);
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

MT_HOT struct mt_tails *mt_unwind_frames(struct mt_stack *stack, const struct mt_start *from,
                                         uint32_t *first)
{
    if (stack->tails && mt_tails_step(stack->tails, from, first)) {
#ifdef MEMTRACE_VERIFY_STACKS
        mt_unwind_frames_checked(stack, from);
#endif
        return stack->tails;
    }
    mt_unwind(stack, from);
    struct mt_walk *walk = stack->state;
    if (!walk || (!stack->tails && !(stack->tails = mt_tails_new(&walk->bounds))))
        return NULL;
    return mt_tails_take(stack->tails, stack, walk, first) ? stack->tails : NULL;
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
    mt_wholes_free(stack->wholes);
    mt_tails_free(stack->tails);
    if (stack->cap)
        mt_meta_free(stack->frames);
    *stack = (struct mt_stack){.frames = NULL};
}

void mt_unwind_flush(void)
{
    mt_rule_flush();
    __atomic_fetch_add(&mt_unwind_generation, 1, __ATOMIC_RELEASE);
    mt_unwind_full_flush();
}
