/* SPDX-License-Identifier: MIT
 *
 * In 64 bits: the word, whose upper 16 bits are 0, and in the lowest 16 how many words above the event's stack pointer it stands.
 * That is half of what the two take in full. Where stacks or threads are many, these are most of what an event reads that is in no
 * cache. A stack is not remembered where a word is greater (no address of x86_64's is, unless a program asks for it) or further
 * out than 512 KiB. Two are compared at once: SSE2, which each x86_64 has.
 */
#ifndef MT_UNWIND_WORDS_PACKED_H
#define MT_UNWIND_WORDS_PACKED_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stdint.h>

#include "unwind/bounds.h"

typedef uint64_t mt_word;

#define MT_WORDS_STEP 2u
#define MT_WORD_BITS  16 /* for its place */

static inline bool mt_word_fits(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    uintptr_t up = at - sp;
    return want >> (64 - MT_WORD_BITS) == 0 && up % 8 == 0 && up / 8 <= UINT16_MAX;
}

static inline mt_word mt_word_of(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    return want << MT_WORD_BITS | (at - sp) / 8;
}

static inline uintptr_t mt_word_want(const mt_word *word)
{
    return *word >> MT_WORD_BITS;
}

static inline uintptr_t mt_word_at(const mt_word *word, uintptr_t sp)
{
    return sp + (uintptr_t)(uint16_t)*word * 8;
}

/* The bits in which two are not what they must be. */
static inline __attribute__((always_inline)) __m128i mt_words_differ(const mt_word *two,
                                                                     uintptr_t sp)
{
    __m128i want =
        _mm_srli_epi64(_mm_loadu_si128((const __m128i *)(const void *)two), MT_WORD_BITS);
    return _mm_xor_si128(want, _mm_set_epi64x((int64_t)mt_bounds_look(mt_word_at(two + 1, sp)),
                                              (int64_t)mt_bounds_look(mt_word_at(two, sp))));
}

static inline __attribute__((always_inline)) bool mt_words_none(__m128i bits)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bits, _mm_setzero_si128())) == 0xffff;
}

static inline __attribute__((always_inline)) bool mt_words_stand(const mt_word *words,
                                                                 uint32_t count, uintptr_t sp)
{
    const mt_word *w = words, *end = w + count;
    __m128i bits = _mm_setzero_si128();
    for (; end - w >= 8; w += 8) {
        __m128i some = _mm_or_si128(mt_words_differ(w, sp), mt_words_differ(w + 2, sp)),
                more = _mm_or_si128(mt_words_differ(w + 4, sp), mt_words_differ(w + 6, sp));
        if (!mt_words_none(_mm_or_si128(some, more)))
            return false;
    }
    for (; w < end; w += 2)
        bits = _mm_or_si128(bits, mt_words_differ(w, sp));
    return mt_words_none(bits);
}

#endif
