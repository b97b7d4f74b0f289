/* SPDX-License-Identifier: MIT
 *
 * 16 bytes at once: SSE2, which each x86_64 has.
 */
#ifndef MT_TAGS_SSE2_H
#define MT_TAGS_SSE2_H

#include <emmintrin.h>

#define MT_TAGS_AT_ONCE 16u
#define MT_TAGS_BITS    1u

static inline uint64_t mt_tags_equal(const void *tags, uint8_t tag)
{
    __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(tags), _mm_set1_epi8((char)tag));
    return (uint32_t)_mm_movemask_epi8(equal);
}

#endif
