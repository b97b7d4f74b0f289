/* SPDX-License-Identifier: MIT
 *
 * Compares captured stacks with what slower ways find.
 */
#include "os/call.h"
#include "unwind/verify.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/meta.h"
#include "unwind/full.h"
#include "unwind/rows.h"
#include "unwind/tail.h"
#include "unwind/tail_find.h"
#include "unwind/walk.h"
#include "unwind/whole.h"

#ifdef MEMTRACE_VERIFY_STACKS
#define MEMTRACE_VERIFY_STACKS_ON
#else
#define MEMTRACE_VERIFY_STACKS 1
#endif

static struct {
    _Atomic uint64_t stacks;
    _Atomic uint64_t wholes; /* of `stacks`, remembered ones */
    _Atomic uint64_t pairs;  /* foreign and native stacks that were remembered together */
    _Atomic uint64_t by_full;
    _Atomic uint64_t full_captures; /* not compared: there is nothing to compare them with */
    _Atomic uint64_t memo_differs;
    _Atomic uint64_t full_differs;
} counts;

/* How many of the innermost frames have a description. */
static uint32_t described(const struct mt_stack *stack)
{
    const struct mt_walk *walk = stack->state;
    uint32_t count = 0;

    if (!stack->by_rules || stack->cut == 1) /* by the full unwinder, or shortened */
        return stack->used;
    while (count < stack->used &&
           MT_RULE_KIND(walk->links[stack->used - 1 - count].rule) != MT_RULE_GUESS)
        count++;
    return count;
}

/* From the first frame without a description on, libunwind takes the frame pointer for more than it
 * knows (it loses rsp). It is no judge of what lies further out, nor of where the stack ends. */
static bool same_as_full(const struct mt_stack *stack, const struct mt_stack *oracle)
{
    uint32_t count = described(stack);

    if (count < stack->used)
        count++; /* that frame itself was found through frames that have one */
    else if (oracle->used != stack->used || oracle->cut != stack->cut)
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

/* The other complete unwinder, ours. */
static bool same_as_rows(const struct mt_stack *stack, struct mt_stack *oracle,
                         const struct mt_start *from)
{
    struct mt_bounds bounds = {.top = 0};

    mt_unwind_rows(oracle, &bounds, from);
    return same_as_full(stack, oracle);
}

/* The thread's second stack, NULL if there is no memory. */
static struct mt_stack *oracle_of(struct mt_stack *stack)
{
    struct mt_walk *walk = stack->state;

    if (walk && !walk->oracle)
        walk->oracle = mt_meta_alloc(sizeof *walk->oracle);
    return walk ? walk->oracle : NULL;
}

void mt_unwind_verify(struct mt_stack *stack, const struct mt_start *from, uint64_t *differences)
{
    struct mt_stack *oracle;

    mt_unwind_layers(stack, from);
    oracle = oracle_of(stack);
    if (!oracle || !mt_unwind_full_works())
        return;
    mt_unwind_full(oracle, from);
    if (!same_as_full(stack, oracle))
        ++*differences;
    if (!same_as_rows(stack, oracle, from))
        ++*differences;
}

static bool same(const struct mt_stack *a, const struct mt_stack *b)
{
    if (a->used != b->used || a->cut != b->cut)
        return false;
    for (uint32_t i = 0; i < a->used; i++)
        if (a->frames[i].pc != b->frames[i].pc || a->frames[i].sp != b->frames[i].sp)
            return false;
    return true;
}

/* Walk all of it by rules, and take nothing from the last stack. */
static bool same_without_memo(struct mt_stack *stack, struct mt_stack *oracle,
                              const struct mt_start *from)
{
    if (!oracle->state)
        oracle->state = mt_meta_alloc(sizeof(struct mt_walk));
    if (!oracle->state)
        return true;
    ((struct mt_walk *)oracle->state)->memo = false;
    return !mt_walk(oracle, oracle->state, from) || same(stack, oracle);
}

void mt_unwind_checked(struct mt_stack *stack, const struct mt_start *from)
{
    uint64_t number = atomic_fetch_add(&counts.stacks, 1);
    struct mt_stack *oracle;

    mt_unwind_layers(stack, from);
    oracle = oracle_of(stack);
    if (!oracle)
        return;
    if (!stack->by_rules) {
        atomic_fetch_add(&counts.full_captures, 1);
        return;
    }
    if (!same_without_memo(stack, oracle, from))
        atomic_fetch_add(&counts.memo_differs, 1);
    if (number % MEMTRACE_VERIFY_STACKS == 0 && mt_unwind_full_works()) {
        atomic_fetch_add(&counts.by_full, 1);
        mt_unwind_full(oracle, from);
        if (!same_as_full(stack, oracle))
            atomic_fetch_add(&counts.full_differs, 1);
        if (!same_as_rows(stack, oracle, from))
            atomic_fetch_add(&counts.full_differs, 1);
    }
}

static bool same_as_whole(const struct mt_whole *whole, const struct mt_stack *stack)
{
    if (stack->used != whole->frames || stack->cut)
        return false;
    for (uint32_t i = 0; i < whole->frames; i++)
        if (stack->frames[i].pc != mt_whole_pc(whole, i))
            return false;
    return true;
}

struct mt_whole *mt_unwind_again_checked(struct mt_stack *stack, const struct mt_start *from)
{
    struct mt_whole *whole;
    struct mt_stack *oracle;

    if (counts.stacks % MEMTRACE_VERIFY_STACKS == 0)
        return NULL; /* mt_unwind_checked compares it with the full unwinder */
    whole = mt_unwind_again_unchecked(stack, from);
    oracle = whole ? oracle_of(stack) : NULL;
    if (!oracle)
        return whole;
    if (!oracle->state)
        oracle->state = mt_meta_alloc(sizeof(struct mt_walk));
    if (!oracle->state)
        return whole;
    ((struct mt_walk *)oracle->state)->memo = false;
    atomic_fetch_add(&counts.stacks, 1);
    atomic_fetch_add(&counts.wholes, 1);
    if (!mt_walk(oracle, oracle->state, from) || !same_as_whole(whole, oracle))
        atomic_fetch_add(&counts.memo_differs, 1);
    return whole;
}

/* The frames that the thread's tails have, and the event's own. */
static void compare_tails(struct mt_stack *stack, const struct mt_start *from, uint32_t frames)
{
    struct mt_stack *oracle = oracle_of(stack);
    bool same;

    if (oracle && !oracle->state)
        oracle->state = mt_meta_alloc(sizeof(struct mt_walk));
    if (!oracle || !oracle->state)
        return;
    ((struct mt_walk *)oracle->state)->memo = false;
    atomic_fetch_add(&counts.stacks, 1);
    same = mt_walk(oracle, oracle->state, from) && oracle->used == frames && !oracle->cut &&
           oracle->frames[frames - 1].pc == from->pc;
    for (uint32_t i = 0; same && i + 1 < frames; i++)
        same = mt_tails_pc(stack->tails, i) == oracle->frames[i].pc;
    if (!same)
        atomic_fetch_add(&counts.memo_differs, 1);
}

void mt_unwind_frames_checked(struct mt_stack *stack, const struct mt_start *from)
{
    uint32_t used;

    mt_tails_frames(stack->tails, &used);
    compare_tails(stack, from, used + 1);
}

#ifdef MEMTRACE_VERIFY_STACKS_ON
bool mt_unwind_known(struct mt_stack *stack, const struct mt_start *from, struct mt_found *found)
{
    if (counts.stacks % MEMTRACE_VERIFY_STACKS == 0) {
        mt_tails_skip(stack->tails); /* mt_unwind_checked compares it with the full unwinder */
        return false;
    }
    if (!mt_tails_find(stack->tails, from, found))
        return false;
    atomic_fetch_add(&counts.wholes, 1);
    compare_tails(stack, from, found->frames);
    return true;
}

void mt_unwind_compared(bool same)
{
    atomic_fetch_add(&counts.pairs, 1);
    if (!same)
        atomic_fetch_add(&counts.memo_differs, 1);
}
#endif

/* At the process's end, if this is that build. */
__attribute__((destructor)) static void say(void)
{
    char text[200];
    int bytes;

    if (counts.stacks == 0)
        return;
    bytes = snprintf(text, sizeof text,
                     "memtrace: %lu stacks verified (%lu of them remembered, %lu with a Python "
                     "stack), %lu differ; %lu "
                     "compared with the full unwinder, "
                     "%lu differ; %lu by the full unwinder\n",
                     (unsigned long)counts.stacks, (unsigned long)counts.wholes,
                     (unsigned long)counts.pairs, (unsigned long)counts.memo_differs,
                     (unsigned long)counts.by_full, (unsigned long)counts.full_differs,
                     (unsigned long)counts.full_captures);
    mt_os_call(SYS_write, 2, text, (size_t)bytes);
}
