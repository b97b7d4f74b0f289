/* SPDX-License-Identifier: MIT */
#include "compare/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"

void pairs_begin(struct pairs *pairs, uint32_t olds, uint32_t news)
{
    *pairs = (struct pairs){.count = {olds, news},
                            .with = {base_alloc(olds + (size_t)1, sizeof(uint32_t)),
                                     base_alloc(news + (size_t)1, sizeof(uint32_t))},
                            .how = base_alloc(olds + (size_t)1, 1)};
}

void pairs_free(struct pairs *pairs)
{
    free(pairs->with[0]);
    free(pairs->with[1]);
    free(pairs->how);
    *pairs = (struct pairs){0};
}

void pairs_put(struct pairs *pairs, uint32_t old, uint32_t new, unsigned how)
{
    pairs->with[0][old] = new + 1;
    pairs->with[1][new] = old + 1;
    pairs->how[old] = (unsigned char)how;
}

/* The things of one key. */
struct bucket {
    uint64_t key[PAIRS_KEY];
    uint32_t first[2], last[2], count[2]; /* lists, by index + 1 */
};

struct buckets {
    struct bucket *list;
    size_t count, cap;
    struct map index;
    uint32_t *next[2];
};

/* Two keys of one hash would be one bucket: what does not fit has no bucket. */
static struct bucket *bucket_at(struct buckets *buckets, const uint64_t key[PAIRS_KEY])
{
    uint32_t *found = map_at(&buckets->index, map_key(key, PAIRS_KEY * sizeof *key));
    if (!*found) {
        buckets->list =
            base_room(buckets->list, &buckets->cap, buckets->count + 1, sizeof *buckets->list);
        struct bucket *bucket = &buckets->list[buckets->count++];
        *bucket = (struct bucket){0};
        memcpy(bucket->key, key, sizeof bucket->key);
        *found = (uint32_t)buckets->count;
    }
    struct bucket *bucket = &buckets->list[*found - 1];
    return memcmp(bucket->key, key, sizeof bucket->key) ? NULL : bucket;
}

static void fill(struct buckets *buckets, const struct pairs *pairs, unsigned side, pairs_key *key,
                 const void *context)
{
    buckets->next[side] = base_alloc(pairs->count[side] + (size_t)1, sizeof(uint32_t));
    for (uint32_t i = 0; i < pairs->count[side]; i++) {
        uint64_t one[PAIRS_KEY] = {0};
        if (pairs->with[side][i] || !key(context, side, i, one))
            continue;
        struct bucket *bucket = bucket_at(buckets, one);
        if (!bucket)
            continue;
        if (bucket->last[side])
            buckets->next[side][bucket->last[side] - 1] = i + 1;
        else
            bucket->first[side] = i + 1;
        bucket->last[side] = i + 1;
        bucket->count[side]++;
    }
}

void pairs_pass(struct pairs *pairs, pairs_key *key, const void *context, bool unique, unsigned how)
{
    struct buckets buckets = {0};
    fill(&buckets, pairs, 0, key, context);
    fill(&buckets, pairs, 1, key, context);
    for (size_t b = 0; b < buckets.count; b++) {
        const struct bucket *bucket = &buckets.list[b];
        uint32_t old = bucket->first[0], new = bucket->first[1];
        if (unique && (bucket->count[0] != 1 || bucket->count[1] != 1))
            continue;
        for (; old && new; old = buckets.next[0][old - 1], new = buckets.next[1][new - 1])
            pairs_put(pairs, old - 1, new - 1, how);
    }
    free(buckets.list);
    free(buckets.next[0]);
    free(buckets.next[1]);
    map_free(&buckets.index);
}

uint32_t pairs_id(const struct pairs *pairs, unsigned side, uint32_t thing)
{
    if (side)
        return thing;
    return pairs->with[0][thing] ? pairs->with[0][thing] - 1 : pairs->count[1] + thing;
}
