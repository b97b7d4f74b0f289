/* SPDX-License-Identifier: MIT
 *
 * The word and its address, in full: aarch64's signed return addresses have bits everywhere.
 */
#ifndef MT_UNWIND_WORDS_PLAIN_H
#define MT_UNWIND_WORDS_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/bounds.h"

typedef struct {
    uintptr_t want, at;
} mt_word;

#define MT_WORDS_STEP 1u

static inline bool mt_word_fits(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    (void)want;
    return at - sp <= UINT32_MAX;
}

static inline mt_word mt_word_of(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    (void)sp;
    return (mt_word){want, at};
}

static inline uintptr_t mt_word_want(const mt_word *word)
{
    return word->want;
}

static inline uintptr_t mt_word_at(const mt_word *word, uintptr_t sp)
{
    (void)sp;
    return word->at;
}

static inline bool mt_words_stand(const mt_word *words, uint32_t count, uintptr_t sp)
{
    const mt_word *w = words, *end = w + count;
    (void)sp;
    for (; end - w >= 4; w += 4)
        if (((mt_bounds_word(w[0].at) ^ w[0].want) | (mt_bounds_word(w[1].at) ^ w[1].want) |
             (mt_bounds_word(w[2].at) ^ w[2].want) | (mt_bounds_word(w[3].at) ^ w[3].want)) != 0)
            return false;
    for (; w < end; w++)
        if (mt_bounds_word(w->at) != w->want)
            return false;
    return true;
}

#endif
