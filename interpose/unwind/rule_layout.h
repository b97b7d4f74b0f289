/* SPDX-License-Identifier: MIT
 *
 * What a rule says, and the file that knows how the processor lays it out.
 */
#ifndef MT_UNWIND_RULE_LAYOUT_H
#define MT_UNWIND_RULE_LAYOUT_H

#include <stdint.h>

typedef uint32_t mt_rule;

/* What a rule says of the canonical frame address. In bits 0..2 of the rule. */
enum mt_rule_kind {
    MT_RULE_SP = 1,    /* stack pointer plus n words */
    MT_RULE_FP,        /* frame pointer plus n words */
    MT_RULE_REALIGNED, /* stored below the frame pointer */
    MT_RULE_SIGNAL,    /* a signal trampoline */
    MT_RULE_GUESS, /* no description: perhaps a chain of frame pointers, as JIT compilers keep */
    MT_RULE_END,   /* the outermost frame */
    MT_RULE_SLOW   /* needs the full unwinder */
};
#define MT_RULE_KIND(rule) ((rule)&7u)

#if defined(__x86_64__)
#include "unwind/rule_layout_x86_64.h"
#elif defined(__aarch64__)
#include "unwind/rule_layout_aarch64.h"
#else
#error "no unwinder for this processor"
#endif

#endif
