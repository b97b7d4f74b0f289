/* SPDX-License-Identifier: MIT
 *
 * The buckets of live.c: their sizes, and where they come from. A bucket is an array of words: one
 * byte for each entry it has room for, padded to words, then the entries. Callable with the guard
 * set, under the lock of the shard that `s` belongs to.
 */
#ifndef MT_LIVE_BUCKETS_H
#define MT_LIVE_BUCKETS_H

#include <stdint.h>

#include "base/near.h"
#include "tables/tags.h"

#define MT_BUCKET_CLASSES 28u

/* Entries of a bucket of each class. Class 0 has no bucket: one entry, which stands in the slot. */
MT_EXTERN const uint16_t mt_bucket_cap[MT_BUCKET_CLASSES];

static inline uint32_t mt_bucket_tag_words(uint32_t class)
{
    return (mt_bucket_cap[class] + 7u) / 8;
}

static inline uint64_t *mt_bucket_entries(uint64_t *bucket, uint32_t class)
{
    return bucket + mt_bucket_tag_words(class);
}

/* An entry has the block's place in its page, in words, in its lowest bits. */
#define MT_BUCKET_OFFSET_BITS 9
static inline uint32_t mt_bucket_offset(uint64_t entry)
{
    return entry & ((1u << MT_BUCKET_OFFSET_BITS) - 1);
}

/* Blocks that are aligned to 16 bytes, as most are, each have their own tag. */
static inline uint8_t mt_bucket_tag(uint32_t offset)
{
    return (uint8_t)(offset >> 1);
}

/* The place of the entry with this offset among the first `count`, or `count`. What stands behind the last byte may look like a hit:
 * hence the comparison. That is the first of the entries, at most: nothing is read behind the bucket. */
static inline __attribute__((always_inline)) uint32_t
mt_bucket_find(const uint64_t *tags, const uint64_t *entries, uint32_t count, uint32_t offset)
{
    uint8_t tag = mt_bucket_tag(offset);
    uint64_t first = 0;
    do {
        uint64_t hits = mt_tags_equal((const char *)tags + first, tag);
        for (; __builtin_expect(hits != 0, 0); hits &= hits - 1) {
            uint64_t i = first + (uint32_t)__builtin_ctzll(hits) / MT_TAGS_BITS;
            if (i < count && mt_bucket_offset(entries[i]) == offset)
                return (uint32_t)i;
        }
        first += MT_TAGS_AT_ONCE;
    } while (first < count);
    return count;
}

static inline __attribute__((always_inline)) void mt_bucket_put(uint64_t *tags, uint64_t *entries,
                                                                uint32_t at, uint64_t entry)
{
    ((uint8_t *)tags)[at] = mt_bucket_tag(mt_bucket_offset(entry));
    entries[at] = entry;
}

/* A shard's part: empty buckets. All zero at first. */
struct mt_buckets {
    uint64_t *spare[MT_BUCKET_CLASSES]; /* of each class, chained by their first word */
    uint64_t *sets;       /* blocks that hold several buckets of a small class, chained likewise */
    uint32_t spare_bytes; /* in those of the other classes */
};

/* A bucket, not zeroed; NULL: no memory. And one that is no longer used. */
uint64_t *mt_bucket_new(struct mt_buckets *s, uint32_t class);
void mt_bucket_free(struct mt_buckets *s, uint64_t *bucket, uint32_t class);

/* Release all memory. First mt_bucket_drop is to be called for each bucket in use, then
 * mt_buckets_end for the rest. */
void mt_buckets_end(struct mt_buckets *s);
void mt_bucket_drop(uint64_t *bucket, uint32_t class);

#endif
