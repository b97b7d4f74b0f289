/* SPDX-License-Identifier: MIT
 *
 * 8 bytes at once, on any processor. Those that are zero in x are found as in Hacker's Delight, 6-1. A byte above such a one may
 * be found, too.
 */
#ifndef MT_TAGS_WORDS_H
#define MT_TAGS_WORDS_H

#define MT_TAGS_AT_ONCE 8u
#define MT_TAGS_BITS    8u
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "byte i of a word is its bits 8i to 8i + 7");

static inline uint64_t mt_tags_equal(const void *tags, uint8_t tag)
{
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    uint64_t x = *(const uint64_t *)tags ^ ones * tag;
    return (x - ones) & ~x & high;
}

#endif
