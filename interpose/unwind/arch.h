/* SPDX-License-Identifier: MIT
 *
 * Picks the file that knows the processor.
 *
 * A remembered stack (unwind/whole.h) depends on words of the stack: what each must be, and where it stands, takes as little room as
 * the processor allows.
 *
 *   mt_arch_word                           one of them
 *   MT_ARCH_WORDS_STEP                     there is a multiple of so many; the last one may stand more than once
 *   mt_arch_word_fits(want, at, sp)        whether there can be one: the word at address `at` must be `want`; sp: the event's
 *   mt_arch_word_of(want, at, sp)          that one
 *   mt_arch_word_want(&word), mt_arch_word_at(&word, sp)
 *   mt_arch_words_stand(words, count, sp)  whether all of them are what they must be; their addresses are readable
 */
#ifndef MT_UNWIND_ARCH_H
#define MT_UNWIND_ARCH_H

#if defined(__x86_64__)
#include "unwind/arch_x86_64.h"
#elif defined(__aarch64__)
#include "unwind/arch_aarch64.h"
#else
#error "no unwinder for this processor"
#endif

#endif
