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
