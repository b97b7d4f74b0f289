/* SPDX-License-Identifier: MIT
 *
 * Blocks that were allocated one after the other lie side by side, and are mostly used and released so. The table keeps them side by
 * side, too: it is a hash of pages of 4,096 bytes, and each page has a small bucket of entries, in the order in which they came. So an
 * event touches lines that the event before has touched. A hash of the addresses themselves costs one or two cache and TLB misses an
 * event, once the table is bigger than the cache (jq: half of all cost). And an entry needs 9 bytes instead of 16, since the page is
 * known.
 *
 *   directory slot:  word 0: page (address >> 12, 36 bits) | words of bytes (8) | class of the bucket (8) | blocks in it (12)
 *                    word 1: the bucket; or the entry itself, while it is the only one (class 0)
 *   bucket:          a byte for each entry, 8 bits of its place in the page, padded to words; the entries
 *   entry:           unit (28 bits) | size (27 bits) | address >> 3 within the page (9 bits)
 *
 * A block is found by its byte, eight or sixteen of them at a time (tags.h). A bucket may be full to the last entry, grows by copying,
 * and loses an entry by putting the last one in its place. (With a small hash in its stead, seven eighths full, all that an event
 * costs rose by a tenth in jq and perl, by a seventh in the churn benchmark.)
 *
 * Sizes of 2^27 - 1 bytes and more stand in a table of their own.
 *
 * There are 128 shards with a spin lock each, which is taken only while there are several threads. A megabyte's pages are all in one
 * shard. An allocator gives a thread memory of its own in such pieces, so threads seldom touch each other's shards; and a small
 * program fills one.
 */
#include <stddef.h>
#include <string.h>

#include "base/guard.h"
#include "base/lock.h"
#include "base/meta.h"
#include "base/near.h"
#include "tables/live.h"
#include "tables/live_big.h"
#include "tables/live_buckets.h"

#define SHARD_BITS  7
#define SHARDS      (1u << SHARD_BITS)
#define REGION_BITS 8 /* of a page's number */
#define SIZE_BITS   27
#define SIZE_BIG    ((1u << SIZE_BITS) - 1)
#define FIRST_SLOTS 16u

struct slot {
    uint64_t w0;
    union {
        uint64_t single;
        uint64_t *bucket;
    };
};

struct shard {
    struct mt_lock lock;
    uint32_t shift; /* 64 - log2(slots) */
    struct slot *slots;
    uint64_t mask;
    uint64_t used;
    uint64_t most; /* when `used` comes to this, there must be more slots */
    struct mt_buckets buckets;
} __attribute__((aligned(64)));

static struct shard shards[SHARDS];
static bool filled
    [SHARDS]; /* had an entry once: the others' memory is not to be touched by those who go through all */

static uint64_t hash_of(uint64_t key)
{
    return key * 0x9e3779b97f4a7c15u;
}

/* ---- Slots: pages. Under the shard's lock ---- */

static uint64_t slot_page(const struct slot *s)
{
    return s->w0 >> 28;
}

static uint32_t slot_class(const struct slot *s)
{
    return s->w0 >> 12 & 255;
}

static uint32_t slot_count(const struct slot *s)
{
    return s->w0 & 4095;
}

static void slot_set(struct slot *s, uint64_t page, uint32_t class, uint32_t count)
{
    s->w0 =
        page << 28 | (uint64_t)mt_bucket_tag_words(class) << 20 | (uint64_t) class << 12 | count;
}

/* A page without a bucket has its entry in the slot, and no bytes. */
static uint64_t *slot_entries(struct slot *s)
{
    return slot_class(s) ? s->bucket + (s->w0 >> 20 & 255) : &s->single;
}

static struct slot *slot_find(const struct shard *s, uint64_t hash, uint64_t page)
{
    uint64_t at = hash >> s->shift;
    while (s->slots[at].w0 && slot_page(&s->slots[at]) != page)
        at = (at + 1) & s->mask;
    return &s->slots[at];
}

/* The page's slot, if that is where its hash says, as most are, and has a bucket: what nearly each event needs. Else NULL. */
static inline __attribute__((always_inline)) struct slot *slot_there(const struct shard *s,
                                                                     uint64_t hash, uint64_t page)
{
    if (__builtin_expect(!s->slots, 0))
        return NULL;
    struct slot *slot = &s->slots[hash >> s->shift];
    bool there = slot_page(slot) == page && slot_class(slot);
    return __builtin_expect(there, 1) ? slot : NULL;
}

static __attribute__((noinline)) bool slots_grow(struct shard *s)
{
    uint64_t count = s->slots ? (s->mask + 1) * 2 : FIRST_SLOTS,
             old_count = s->slots ? s->mask + 1 : 0;
    struct slot *old = s->slots, *grown = mt_meta_alloc(count * sizeof *grown);
    if (!grown)
        return false;
    if (!old)
        __atomic_store_n(&filled[s - shards], true, __ATOMIC_RELAXED);
    s->slots = grown;
    s->mask = count - 1;
    s->most = count / 4 * 3;
    s->shift = (uint32_t)__builtin_clzll(count) + 1;
    for (uint64_t i = 0; i < old_count; i++)
        if (old[i].w0)
            *slot_find(s, hash_of(slot_page(&old[i])), slot_page(&old[i])) = old[i];
    mt_meta_free(old);
    return true;
}

/* Take an empty page's slot out. Slots behind it move up where they may. */
static void slot_remove(struct shard *s, struct slot *slot)
{
    uint64_t hole = (uint64_t)(slot - s->slots);
    for (uint64_t at = (hole + 1) & s->mask; s->slots[at].w0; at = (at + 1) & s->mask) {
        uint64_t home = hash_of(slot_page(&s->slots[at])) >> s->shift;
        if (((at - home) & s->mask) >= ((at - hole) & s->mask)) {
            s->slots[hole] = s->slots[at];
            hole = at;
        }
    }
    s->slots[hole].w0 = 0;
    s->used--;
}

/* Move the page's entries to a bucket of the next useful class. */
static __attribute__((noinline)) bool bucket_grow(struct shard *s, struct slot *slot)
{
    uint32_t class = slot_class(slot), count = slot_count(slot);
    uint32_t next = class && mt_bucket_cap[class] < 64 ? class + 2 : class + 1;
    uint64_t *grown = mt_bucket_new(&s->buckets, next),
             *entries = grown ? mt_bucket_entries(grown, next) : NULL;
    if (!grown)
        return false;
    if (class) {
        memcpy(grown, slot->bucket, mt_bucket_tag_words(class) * sizeof *grown);
        memcpy(entries, mt_bucket_entries(slot->bucket, class), count * sizeof *entries);
        mt_bucket_free(&s->buckets, slot->bucket, class);
    } else {
        mt_bucket_put(grown, entries, 0, slot->single);
    }
    slot->bucket = grown;
    slot_set(slot, slot_page(slot), next, count);
    return true;
}

/* ---- */

/* As bucket_find, for a page with a bucket or without. */
static inline __attribute__((always_inline)) uint32_t
place_of(const struct slot *slot, const uint64_t *entries, uint32_t offset)
{
    uint32_t count = slot_count(slot);
    if (!slot_class(slot))
        return mt_bucket_offset(slot->single) == offset ? 0 : count;
    return mt_bucket_find(slot->bucket, entries, count, offset);
}

/* What is entered or taken: a block, and where it belongs. */
struct place {
    struct shard *shard;
    uint64_t hash, page;
    uint32_t offset;
};

static inline __attribute__((always_inline)) struct place place_for(struct shard *all,
                                                                    uintptr_t block)
{
    uint64_t page = block >> 12;
    return (struct place){&all[hash_of(page >> REGION_BITS) >> (64 - SHARD_BITS)], hash_of(page),
                          page, (uint32_t)(block >> 3) & ((1u << MT_BUCKET_OFFSET_BITS) - 1)};
}

static inline __attribute__((always_inline)) struct mt_live unpack(uintptr_t block, uint64_t entry)
{
    struct mt_live live = {entry >> MT_BUCKET_OFFSET_BITS & SIZE_BIG,
                           (uint32_t)(entry >> (MT_BUCKET_OFFSET_BITS + SIZE_BITS))};
    if (__builtin_expect(live.size == SIZE_BIG, 0))
        live.size = mt_live_big_take(block, SIZE_BIG);
    return live;
}

/* ---- The usual event needs no other function: what is seldom is called last, so that no register need be kept ---- */

/* The page's slot stands at `slot`, and: an entry of this place stands at `at`; or it is full. */
static MT_HOT __attribute__((noinline)) enum mt_live_entered
enter_seldom(struct shard *s, struct slot *slot, uint64_t entry, uint32_t at, struct mt_live *stale)
{
    uint32_t count = slot_count(slot);
    uint64_t *entries = slot_entries(slot), replaced;
    if (at < count) {
        replaced = entries[at];
        entries[at] = entry;
        *stale =
            unpack(slot_page(slot) << 12 | (uintptr_t)mt_bucket_offset(replaced) << 3, replaced);
        return MT_LIVE_REPLACED;
    }
    if (!bucket_grow(s, slot))
        return MT_LIVE_NOT;
    mt_bucket_put(slot->bucket, slot_entries(slot), count, entry);
    slot->w0++;
    return MT_LIVE_ENTERED;
}

static inline __attribute__((always_inline)) enum mt_live_entered
put(struct shard *s, struct slot *slot, uint64_t entry, uint32_t at, struct mt_live *stale)
{
    uint32_t count = slot_count(slot);
    if (__builtin_expect(at < count || count == mt_bucket_cap[slot_class(slot)], 0))
        return enter_seldom(s, slot, entry, at, stale);
    mt_bucket_put(slot->bucket, slot_entries(slot), count, entry);
    slot->w0++;
    return MT_LIVE_ENTERED;
}

/* The slot is to be searched, or the page has no bucket, or none yet. */
static MT_HOT __attribute__((noinline)) enum mt_live_entered
enter_searched(struct shard *s, uint64_t hash, uint64_t page, uint64_t entry, struct mt_live *stale)
{
    if (__builtin_expect(s->used >= s->most, 0) && !slots_grow(s))
        return MT_LIVE_NOT;
    struct slot *slot = slot_find(s, hash, page);
    if (!slot->w0) {
        s->used++;
        slot->single = entry;
        slot_set(slot, page, 0, 1);
        return MT_LIVE_ENTERED;
    }
    return put(s, slot, entry, place_of(slot, slot_entries(slot), mt_bucket_offset(entry)), stale);
}

static inline __attribute__((always_inline)) enum mt_live_entered
enter(const struct place *to, uint64_t entry, struct mt_live *stale)
{
    struct slot *slot = slot_there(to->shard, to->hash, to->page);
    if (__builtin_expect(!slot, 0))
        return enter_searched(to->shard, to->hash, to->page, entry, stale);
    return put(to->shard, slot, entry,
               mt_bucket_find(slot->bucket, slot_entries(slot), slot_count(slot), to->offset),
               stale);
}

/* The page's only entry is taken. */
static MT_HOT __attribute__((noinline)) uint64_t take_only(struct shard *s, struct slot *slot)
{
    uint64_t entry = *slot_entries(slot);
    if (slot_class(slot))
        mt_bucket_free(&s->buckets, slot->bucket, slot_class(slot));
    slot_remove(s, slot);
    return entry;
}

static inline __attribute__((always_inline)) uint64_t pull(struct shard *s, struct slot *slot,
                                                           uint32_t at)
{
    uint32_t count = slot_count(slot);
    uint64_t *entries = slot_entries(slot);
    if (__builtin_expect(at == count, 0))
        return 0;
    if (__builtin_expect(count == 1, 0))
        return take_only(s, slot);
    uint64_t entry = entries[at];
    /* The last one takes its place; where it is the last one itself nothing changes. */
    mt_bucket_put(slot->bucket, entries, at, entries[count - 1]);
    slot->w0--;
    return entry;
}

static MT_HOT __attribute__((noinline)) uint64_t take_searched(struct shard *s, uint64_t hash,
                                                               uint64_t page, uint32_t offset)
{
    struct slot *slot = s->slots ? slot_find(s, hash, page) : NULL;
    return slot && slot->w0 ? pull(s, slot, place_of(slot, slot_entries(slot), offset)) : 0;
}

/* 0: there is none. */
static inline __attribute__((always_inline)) uint64_t take(const struct place *from)
{
    struct slot *slot = slot_there(from->shard, from->hash, from->page);
    if (__builtin_expect(!slot, 0))
        return take_searched(from->shard, from->hash, from->page, from->offset);
    return pull(from->shard, slot,
                mt_bucket_find(slot->bucket, slot_entries(slot), slot_count(slot), from->offset));
}

/* ---- */

static MT_HOT __attribute__((noinline)) enum mt_live_entered
enter_locked(uintptr_t block, uint64_t entry, struct mt_live *stale)
{
    struct place to = place_for(shards, block);
    mt_lock_take(&to.shard->lock);
    enum mt_live_entered entered = enter(&to, entry, stale);
    mt_lock_drop(&to.shard->lock);
    return entered;
}

static MT_HOT __attribute__((noinline)) struct mt_live take_locked(struct shard *all,
                                                                   uintptr_t block)
{
    struct place from = place_for(all, block);
    mt_lock_take(&from.shard->lock);
    uint64_t entry = take(&from);
    mt_lock_drop(&from.shard->lock);
    return unpack(block, entry);
}

MT_HOT void mt_live_prefetch(uintptr_t block)
{
    struct place to = place_for(shards, block);
    const struct shard *s = to.shard;
    /* If another thread grows the table just now, this may be any address: it is not read. */
    __builtin_prefetch(
        (const void *)((uintptr_t)s->slots + (to.hash >> (s->shift & 63)) * sizeof *s->slots));
}

/* `size`: SIZE_BIG for those that stand elsewhere. */
static inline __attribute__((always_inline)) enum mt_live_entered
enter_size(uintptr_t block, uint32_t unit, uint64_t size, struct mt_live *stale)
{
    struct place to = place_for(shards, block);
    uint64_t entry = (uint64_t)unit << (MT_BUCKET_OFFSET_BITS + SIZE_BITS) |
                     size << MT_BUCKET_OFFSET_BITS | to.offset;
    if (__builtin_expect(mt_shared(), 0))
        return enter_locked(block, entry, stale);
    return enter(&to, entry, stale);
}

static __attribute__((noinline, cold)) enum mt_live_entered
enter_big(uintptr_t block, struct mt_live entry, struct mt_live *stale)
{
    enum mt_live_entered entered = enter_size(block, entry.unit, SIZE_BIG, stale);
    if (entered == MT_LIVE_NOT || mt_live_big_enter(block, entry.size))
        return entered;
    mt_live_take(block);
    return MT_LIVE_NOT;
}

MT_HOT enum mt_live_entered mt_live_enter(uintptr_t block, struct mt_live entry,
                                          struct mt_live *stale)
{
    if (__builtin_expect((block >> 48 | entry.unit >> 28) != 0, 0))
        return MT_LIVE_NOT;
    if (__builtin_expect(entry.size >= SIZE_BIG, 0))
        return enter_big(block, entry, stale);
    return enter_size(block, entry.unit, entry.size, stale);
}

static __attribute__((noinline, cold)) struct mt_live take_big(uintptr_t block, uint64_t entry)
{
    return unpack(block, entry);
}

MT_HOT struct mt_live mt_live_take(uintptr_t block)
{
    if (__builtin_expect(mt_shared(), 0))
        return take_locked(shards, block);
    struct place from = place_for(shards, block);
    uint64_t entry = take(&from), size = entry >> MT_BUCKET_OFFSET_BITS & SIZE_BIG;
    if (__builtin_expect(size == SIZE_BIG, 0))
        return take_big(block, entry);
    return (struct mt_live){size, (uint32_t)(entry >> (MT_BUCKET_OFFSET_BITS + SIZE_BITS))};
}

/* The entries of a page, from the one at `from` on, as far as they have room. Returns how many were added. */
static uint32_t add_some(struct slot *slot, uint32_t from, struct mt_live_some *some)
{
    const uint64_t *entries = slot_entries(slot);
    uint32_t count = slot_count(slot), i = from;
    for (; i < count && some->count < MT_LIVE_AT_ONCE; i++) {
        uint64_t entry = entries[i];
        uintptr_t block = slot_page(slot) << 12 | (uintptr_t)mt_bucket_offset(entry) << 3;
        uint64_t size = entry >> MT_BUCKET_OFFSET_BITS & SIZE_BIG;
        some->block[some->count] = block;
        some->live[some->count++] =
            (struct mt_live){size == SIZE_BIG ? mt_live_big_size(block, SIZE_BIG) : size,
                             (uint32_t)(entry >> (MT_BUCKET_OFFSET_BITS + SIZE_BITS))};
    }
    return i - from;
}

static bool each_of(struct shard *s, bool (*visit)(const struct mt_live_some *some, void *context),
                    void *context)
{
    struct mt_live_some some; /* 6 KiB: not to be cleared for each shard */
    some.count = 0;
    for (uint64_t i = 0; s->slots && i <= s->mask; i++) {
        struct slot *slot = &s->slots[i];
        for (uint32_t at = 0; slot->w0 && at < slot_count(slot);) {
            at += add_some(slot, at, &some);
            if (some.count < MT_LIVE_AT_ONCE)
                continue;
            if (!visit(&some, context))
                return false;
            some.count = 0;
        }
    }
    return !some.count || visit(&some, context);
}

bool mt_live_each(bool (*visit)(const struct mt_live_some *some, void *context), void *context)
{
    bool all = true;
    for (uint32_t i = 0; i < SHARDS && all; i++) {
        bool locked = mt_shared();
        if (!__atomic_load_n(&filled[i], __ATOMIC_RELAXED))
            continue;
        if (locked)
            mt_lock_take(&shards[i].lock);
        all = each_of(&shards[i], visit, context);
        if (locked)
            mt_lock_drop(&shards[i].lock);
    }
    return all;
}

static void shard_free(struct shard *s)
{
    for (uint64_t i = 0; s->slots && i <= s->mask; i++)
        if (s->slots[i].w0)
            mt_bucket_drop(s->slots[i].bucket, slot_class(&s->slots[i]));
    mt_buckets_end(&s->buckets);
    mt_meta_free(s->slots);
}

/* ---- What a fork child has of its parent's. The sizes of big blocks stay where they are: no two blocks have one address ---- */

static struct shard inherited[SHARDS];

/* What it has of its own goes to what it has inherited, as the next child inherits both. */
static void inherit_slot(struct slot *slot)
{
    uint64_t *entries = slot_entries(slot);
    struct mt_live replaced;
    for (uint32_t i = 0; i < slot_count(slot); i++) {
        struct place to = place_for(inherited, slot_page(slot) << 12 |
                                                   (uintptr_t)mt_bucket_offset(entries[i]) << 3);
        enter(&to, entries[i], &replaced);
    }
}

static void inherit_shard(struct shard *s, struct shard *to)
{
    if (!to->slots) {
        *to = *s;
        return;
    }
    for (uint64_t i = 0; s->slots && i <= s->mask; i++)
        if (s->slots[i].w0)
            inherit_slot(&s->slots[i]);
    shard_free(s);
}

/* Signals are held back for a shard at a time, not for the whole table. */
void mt_live_inherit(void)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        if (mt_meta_torn) {
            memset(&inherited[i], 0, sizeof inherited[i]);
        } else if (shards[i].slots) {
            mt_meta_hold();
            inherit_shard(&shards[i], &inherited[i]);
            mt_meta_release();
        }
        mt_lock_forget(&inherited[i].lock);
        memset(&shards[i], 0, sizeof shards[i]);
    }
    mt_live_big_inherit();
}

struct mt_live mt_live_inherited_take(uintptr_t block)
{
    return take_locked(inherited, block);
}
