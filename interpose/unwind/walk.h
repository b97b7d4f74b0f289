/* SPDX-License-Identifier: MIT
 *
 * The fast way to a stack: what is new is walked by rules, the rest is the thread's last stack,
 * verified word by word. As unwind.h has it.
 */
#ifndef MT_UNWIND_WALK_H
#define MT_UNWIND_WALK_H

#include "unwind/bounds.h"
#include "unwind/rule_layout.h"
#include "unwind/rule.h"
#include "unwind/stack.h"

/* What is remembered of a frame besides pc and sp. */
struct mt_link {
    uintptr_t fp; /* its frame pointer register; meaningless where it is not needed */
    mt_rule rule; /* of its pc */
    uint16_t
        /* words from the next outer frame's sp down to a saved fp that must be verified; 0: none */
        check;
    bool need;  /* the frames from here outward depend on fp */
    bool plain; /* nothing to verify but the return address, one word below the caller's sp */
};

/* A frame just walked. */
struct mt_step {
    struct mt_frame frame;
    uintptr_t fp;
    mt_rule rule;
};

/* The unwinder's memory of a thread: struct mt_stack's state. */
struct mt_walk {
    struct mt_bounds bounds;
    struct mt_link *links; /* beside stack->frames: one for each */
    struct mt_step *steps; /* innermost first */
    uint32_t links_cap;
    uint32_t steps_cap;
    bool memo;               /* frames and links may be used again, after verification */
    uint64_t full_captures;  /* how often the rules were not enough */
    struct mt_stack *oracle; /* for mt_unwind_verify */
};

/* Capture by rules. False: they are not enough; `stack` is as it was, but the memo is gone. */
bool mt_walk(struct mt_stack *stack, struct mt_walk *walk, const struct mt_start *from);

/* Words below the caller's sp where the return address stands. */
static inline unsigned mt_walk_saved_ra(mt_rule rule)
{
    unsigned kind = MT_RULE_KIND(rule);

    return kind == MT_RULE_SP || kind == MT_RULE_FP ? MT_ARCH_RULE_RA(rule) : 1;
}

#endif
