/* SPDX-License-Identifier: MIT
 *
 * Rules: what a walk must do at a return address. Each is learnt once from .eh_frame and kept in
 * one shared table, which is read without a lock. A rule is MT_RULE_BITS wide; its layout is the
 * processor's (rule_layout_*.h). Zero is no rule.
 *
 * The table is a cache of 64-bit words, each of which stands for itself: 39 bits of tag, 25 bits of
 * rule. The pc's 48 bits are mixed by a bijection. The tag and the word's place in the table hold
 * all of them, so a hit is never a wrong pc.
 */
#ifndef MT_UNWIND_RULE_H
#define MT_UNWIND_RULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"
#include "unwind/rule_layout.h"

#define MT_RULE_BITS     25
#define MT_RULE_TAG_BITS 39
#define MT_RULE_PC_BITS  48
#define MT_RULE_WAYS     8 /* words that a pc may be in: a cache line */

/* Address of the table's words, aligned to a line, plus log2 of their number. That is at least 12,
 * so that the line and the tag together hold the whole pc. */
MT_EXTERN _Atomic uintptr_t mt_rule_table;
#define MT_RULE_TABLE_BITS(table)  ((unsigned)((table)&63u))
#define MT_RULE_TABLE_WORDS(table) ((_Atomic uint64_t *)((table) & ~(uintptr_t)63))

/* To be called by the constructor, and in the child of a fork. False: objects can't be found
 * without a lock here, so no rule can be learnt. */
bool mt_rule_init(void);

/* Learn the rule for return address `pc`; takes about 0.3 us, and two system calls more unless the thread is aside (base/aside.h): a
 * walk goes aside as a whole from its first new frame on, as those behind it are mostly new, too. Guard set: it may allocate. */
mt_rule mt_rule_learn(uintptr_t pc);

/* Whether a frame that has no rule but to be guessed is a signal handler's trampoline in no object, as an emulator's is. `word` stands
 * at MT_ARCH_SIGNAL_FLAGS from its stack pointer; unless it is small, the code is not looked at, which takes two system calls. */
bool mt_rule_signal(uintptr_t pc, uintptr_t word);

/* Forget all rules. Any thread, while others walk: a rule that was read before is as good as the
 * walk that reads it. */
void mt_rule_flush(void);

static inline uint64_t mt_rule_mix(uintptr_t pc)
{
    return ((uint64_t)pc * 0x9e3779b97f4b5ull) & ((1ull << MT_RULE_PC_BITS) - 1);
}

/* The rule for return address `pc` (of the code at pc - 1), if it was learnt. */
static inline bool mt_rule_known(uintptr_t pc, mt_rule *rule)
{
    uintptr_t table = atomic_load_explicit(&mt_rule_table, memory_order_acquire);
    _Atomic uint64_t *words = MT_RULE_TABLE_WORDS(table);
    uint64_t mixed = mt_rule_mix(pc);
    uint64_t tag = (mixed & ((1ull << MT_RULE_TAG_BITS) - 1)) << MT_RULE_BITS;
    uint64_t at = mixed >> (MT_RULE_PC_BITS - MT_RULE_TABLE_BITS(table));

    if (__builtin_expect(pc >> MT_RULE_PC_BITS == 0, 1)) {
        for (unsigned way = 0; way < MT_RULE_WAYS; way++) {
            uint64_t word = atomic_load_explicit(&words[at ^ way], memory_order_relaxed);

            if ((word ^ tag) >> MT_RULE_BITS == 0 && word != 0) {
                *rule = (mt_rule)(word & ((1u << MT_RULE_BITS) - 1));
                return true;
            }
        }
    }
    return false;
}

/* The same for a pc that is met for the first time, if what was learnt for another one near it holds for it, too. Needs little of the
 * stack, and makes no system call. */
bool mt_rule_near(uintptr_t pc, mt_rule *rule);

/* The rule for `pc`, if that needs no learning. */
static inline bool mt_rule_at_hand(uintptr_t pc, mt_rule *rule)
{
    return mt_rule_known(pc, rule) || mt_rule_near(pc, rule);
}

/* The same; it is learnt where it must be. */
static inline mt_rule mt_rule_of(uintptr_t pc)
{
    mt_rule rule;

    return mt_rule_at_hand(pc, &rule) ? rule : mt_rule_learn(pc);
}

#endif
