/* SPDX-License-Identifier: MIT */
#include "tables/live_buckets.h"

#include <stddef.h>

#include "base/meta.h"

/* Together with one byte for each entry, these are sizes that jemalloc has: little is lost to
 * rounding. */
const uint16_t mt_bucket_cap[MT_BUCKET_CLASSES] = {1,   5,   7,   8,   10,  12,  14,  17, 21,  24,
                                                   28,  35,  42,  49,  56,  71,  85,  99, 113, 142,
                                                   170, 199, 227, 284, 341, 398, 455, 512};

/* Buckets of the first classes are never released; of the others a shard keeps so many bytes. A
 * page that fills and empties again and again, or many that take turns, then need no allocator, a
 * call of which costs two system calls. Buckets are allocated and released several at a time. */
#define SMALL_CLASSES 8u
#define AT_ONCE       8u
#define SPARE_BYTES   (16u << 10)

static uint32_t bucket_bytes(uint32_t class)
{
    return (mt_bucket_tag_words(class) + mt_bucket_cap[class]) * (uint32_t)sizeof(uint64_t);
}

static void spare(struct mt_buckets *s, uint64_t *bucket, uint32_t class)
{
    bucket[0] = (uint64_t)s->spare[class];
    s->spare[class] = bucket;
    if (class >= SMALL_CLASSES)
        s->spare_bytes += bucket_bytes(class);
}

static uint64_t *unspare(struct mt_buckets *s, uint32_t class)
{
    uint64_t *bucket = s->spare[class];
    if (!bucket)
        return NULL;
    s->spare[class] = (uint64_t *)bucket[0];
    if (class >= SMALL_CLASSES)
        s->spare_bytes -= bucket_bytes(class);
    return bucket;
}

static uint64_t *small_buckets(struct mt_buckets *s, uint32_t class)
{
    uint32_t words = bucket_bytes(class) / (uint32_t)sizeof(uint64_t);
    uint64_t *set = mt_meta_alloc((2 + AT_ONCE * words) * sizeof *set);
    if (!set)
        return NULL;
    set[0] = (uint64_t)s->sets;
    s->sets = set;
    for (uint32_t i = 1; i < AT_ONCE; i++)
        spare(s, set + 2 + i * words, class);
    return set + 2;
}

uint64_t *mt_bucket_new(struct mt_buckets *s, uint32_t class)
{
    uint64_t *bucket = unspare(s, class);
    if (bucket)
        return bucket;
    if (class < SMALL_CLASSES)
        return small_buckets(s, class);
    void *made[AT_ONCE];
    uint32_t bytes = bucket_bytes(class), count = 1;
    while (count < AT_ONCE && s->spare_bytes + count * bytes <= SPARE_BYTES)
        count++;
    count = mt_meta_alloc_some(made, count, bytes);
    for (uint32_t i = 1; i < count; i++)
        spare(s, made[i], class);
    return count ? made[0] : NULL;
}

void mt_bucket_free(struct mt_buckets *s, uint64_t *bucket, uint32_t class)
{
    spare(s, bucket, class);
    if (s->spare_bytes <= SPARE_BYTES || class < SMALL_CLASSES)
        return;
    uint64_t *first = NULL;
    for (uint32_t i = 0;
         i < 4 * AT_ONCE && s->spare_bytes > SPARE_BYTES / 2 && (bucket = unspare(s, class)); i++) {
        bucket[0] = (uint64_t)(uintptr_t)first;
        first = bucket;
    }
    mt_meta_free_chain(first);
}

static void free_chain(uint64_t *first)
{
    while (first) {
        uint64_t *next = (uint64_t *)first[0];
        mt_meta_free(first);
        first = next;
    }
}

void mt_bucket_drop(uint64_t *bucket, uint32_t class)
{
    if (class >= SMALL_CLASSES)
        mt_meta_free(bucket);
}

void mt_buckets_end(struct mt_buckets *s)
{
    for (uint32_t class = SMALL_CLASSES; class < MT_BUCKET_CLASSES; class ++)
        free_chain(s->spare[class]);
    free_chain(s->sets);
}
