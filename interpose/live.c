/* SPDX-License-Identifier: MIT
 *
 * A hash of 16-byte entries with linear probing and backward-shift deletion, in 64 shards with a
 * spin lock each.
 *
 *   word 0: address >> 3 (45 bits) | unit >> 9 (19 bits)      0: empty
 *   word 1: unit & 511 (9 bits)    | size (55 bits)
 */
#include <stddef.h>

#include "live.h"
#include "lock.h"
#include "meta.h"

#define SHARDS     64u
#define FIRST      64u
#define SIZE_BITS  55
#define BLOCK_BITS 45

struct entry {
    uint64_t w0, w1;
};

struct shard {
    struct mt_lock lock;
    uint32_t shift; /* 64 - log2(slots) */
    uint64_t used;
    struct entry *slots;
    uint64_t mask;
    char pad[32]; /* own cache line */
};

static struct shard shards[SHARDS] __attribute__((aligned(64)));

static uint64_t hash_of(uint64_t key)
{
    return key * 0x9e3779b97f4a7c15u;
}

static struct shard *shard_of(uint64_t hash)
{
    return &shards[hash >> 32 & (SHARDS - 1)];
}

static struct mt_live unpack(const struct entry *e)
{
    return (struct mt_live){e->w1 & ((1ull << SIZE_BITS) - 1),
                            (uint32_t)((e->w0 & 0x7ffff) << 9 | e->w1 >> SIZE_BITS)};
}

static bool grow(struct shard *s)
{
    uint64_t count = s->slots ? (s->mask + 1) * 2 : FIRST;
    struct entry *slots = mt_meta_alloc(count * sizeof *slots);
    if (!slots)
        return false;
    uint32_t shift = (uint32_t)__builtin_clzll(count) + 1;
    for (uint64_t i = 0; s->slots && i <= s->mask; i++) {
        if (!s->slots[i].w0)
            continue;
        uint64_t at = hash_of(s->slots[i].w0 >> 19) >> shift;
        while (slots[at].w0)
            at = (at + 1) & (count - 1);
        slots[at] = s->slots[i];
    }
    mt_meta_free(s->slots);
    s->slots = slots;
    s->mask = count - 1;
    s->shift = shift;
    return true;
}

bool mt_live_enter(uintptr_t block, struct mt_live entry, struct mt_live *stale)
{
    uint64_t key = block >> 3;
    stale->unit = 0;
    if (key >> BLOCK_BITS || entry.size >> SIZE_BITS || !key)
        return false;
    uint64_t hash = hash_of(key);
    struct shard *s = shard_of(hash);
    mt_lock_take(&s->lock);
    if (s->used * 4 >= (s->mask + 1) * 3 || !s->slots) {
        if (!grow(s)) {
            mt_lock_drop(&s->lock);
            return false;
        }
    }
    uint64_t at = hash >> s->shift;
    while (s->slots[at].w0 && s->slots[at].w0 >> 19 != key)
        at = (at + 1) & s->mask;
    struct entry *e = &s->slots[at];
    if (e->w0)
        *stale = unpack(e);
    else
        s->used++;
    e->w0 = key << 19 | entry.unit >> 9;
    e->w1 = (uint64_t)(entry.unit & 511) << SIZE_BITS | entry.size;
    mt_lock_drop(&s->lock);
    return true;
}

/* Close the gap at `hole`: entries behind it that may not stay beyond it move up. */
static void close_gap(struct shard *s, uint64_t hole)
{
    for (uint64_t at = (hole + 1) & s->mask; s->slots[at].w0; at = (at + 1) & s->mask) {
        uint64_t home = hash_of(s->slots[at].w0 >> 19) >> s->shift;
        if (((at - home) & s->mask) >= ((at - hole) & s->mask)) {
            s->slots[hole] = s->slots[at];
            hole = at;
        }
    }
    s->slots[hole].w0 = 0;
}

bool mt_live_take(uintptr_t block, struct mt_live *entry)
{
    uint64_t key = block >> 3;
    uint64_t hash = hash_of(key);
    struct shard *s = shard_of(hash);
    mt_lock_take(&s->lock);
    bool found = false;
    if (s->slots) {
        uint64_t at = hash >> s->shift;
        while (s->slots[at].w0 && s->slots[at].w0 >> 19 != key)
            at = (at + 1) & s->mask;
        if (s->slots[at].w0) {
            *entry = unpack(&s->slots[at]);
            close_gap(s, at);
            s->used--;
            found = true;
        }
    }
    mt_lock_drop(&s->lock);
    return found;
}

void mt_live_forget(void)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        mt_meta_free(shards[i].slots);
        shards[i] = (struct shard){0};
    }
}
