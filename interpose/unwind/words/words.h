/* SPDX-License-Identifier: MIT
 *
 * Words that a remembered stack depends on (unwind/whole.h): what each must be, and where it stands. Picks the file that knows how
 * little room that takes on this processor.
 */
#ifndef MT_UNWIND_WORDS_H
#define MT_UNWIND_WORDS_H

/*   mt_word                          one of them
 *   MT_WORDS_STEP                    there is a multiple of so many; the last one may stand more than once
 *   mt_word_fits(want, at, sp)       whether there can be one: the word at address `at` must be `want`; sp: the event's
 *   mt_word_of(want, at, sp)         that one
 *   mt_word_want(&word), mt_word_at(&word, sp)
 *   mt_words_stand(words, count, sp) whether all of them are what they must be. The addresses must be readable. */
#if defined(__x86_64__)
#include "unwind/words/packed.h"
#else
#include "unwind/words/plain.h"
#endif

#endif
