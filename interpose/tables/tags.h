/* SPDX-License-Identifier: MIT
 *
 * Picks the file that knows how to look for a byte among several at once: for live.c.
 *
 *   MT_TAGS_AT_ONCE                   how many
 *   mt_tags_equal(tags, tag)          which of these bytes are `tag`: a word with MT_TAGS_BITS bits for each, the first one's
 *                                     lowest, of which the lowest or highest is set. It may also tell of one that is not: to be checked.
 */
#ifndef MT_TAGS_H
#define MT_TAGS_H

#include <stdint.h>

#if defined(__SSE2__)
#include "tables/tags_sse2.h"
#else
#include "tables/tags_words.h"
#endif

#endif
