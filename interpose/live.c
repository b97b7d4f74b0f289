/* SPDX-License-Identifier: MIT
 *
 * Blocks that were allocated one after the other lie side by side, and are mostly used and released so. The table keeps
 * them side by side too: it is a hash of pages of 4,096 bytes, and each page has a small bucket of entries. An event then touches lines that the event before has touched, where a hash of
 * the addresses themselves costs one or two cache and TLB misses an event once the table is bigger than the cache (jq: half
 * of all cost), and an entry needs 8 bytes instead of 16, the page being known.
 *
 *   directory slot:  word 0: page (address >> 12, 36 bits) | unused (8) | class of the bucket (8) | blocks in it (12)
 *                    word 1: the bucket; or the entry itself, while it is the only one (class 0)
 *   entry:           unit (28 bits) | size (27 bits) | address >> 3 within the page (9 bits); 0: empty
 *
 * Sizes of 2^27 - 1 bytes and more stand in a table of their own.
 *
 * 128 shards with a spin lock each, taken only while there are several threads. A megabyte's pages are all in one shard: an
 * allocator gives a thread memory of its own in such pieces, so that threads seldom touch each other's shards, and a small
 * program fills one.
 */
#include <stddef.h>
#include <string.h>

#include "live.h"
#include "lock.h"
#include "meta.h"
#include "thread.h"

#define SHARD_BITS  7
#define SHARDS      (1u << SHARD_BITS)
#define REGION_BITS 8 /* of a page's number */
#define SIZE_BITS   27
#define SIZE_BIG    ((1u << SIZE_BITS) - 1)
#define OFFSET_BITS 9
#define FIRST_SLOTS 16u

/* Entries of a bucket of each class: sizes that jemalloc has, so that none is lost to rounding. */
static const uint16_t class_cap[] = {1,   4,   6,   8,   10,  12,  14,  16, 20,  24,
                                     28,  32,  40,  48,  56,  64,  80,  96, 112, 128,
                                     160, 192, 224, 256, 320, 384, 448, 512};
#define CLASSES ((uint32_t)(sizeof class_cap / sizeof class_cap[0]))

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
    uint64_t *spare[CLASSES]; /* empty buckets of each class, chained by their first word */
    uint64_t *sets;       /* blocks that hold several buckets of a small class, chained likewise */
    uint32_t spare_bytes; /* in those of the classes from SMALL_CLASSES on */
} __attribute__((aligned(64)));

/* Buckets of the first classes are made several at a time and never given back; of the others a shard keeps this much. A
 * page that fills and empties again and again, or many that take turns, cost no allocator, which costs two system calls. */
#define SMALL_CLASSES 8u
#define SMALL_AT_ONCE 8u
#define SPARE_BYTES   (16u << 10)

/* The sizes of big blocks: a plain hash, address -> size. */
struct big {
    uint64_t block;
    uint64_t size;
};

static struct shard shards[SHARDS];
static struct mt_lock big_lock;
static struct big *bigs;
static uint64_t bigs_mask, bigs_used;

static uint64_t hash_of(uint64_t key)
{
    return key * 0x9e3779b97f4a7c15u;
}

/* ---- Big blocks. Under big_lock ---- */

static struct big *big_find(uint64_t block)
{
    uint64_t at = hash_of(block) >> 32;
    while (bigs[at & bigs_mask].block && bigs[at & bigs_mask].block != block)
        at++;
    return &bigs[at & bigs_mask];
}

static bool big_enter(uint64_t block, uint64_t size)
{
    if (!bigs || bigs_used * 2 > bigs_mask) {
        uint64_t count = bigs ? (bigs_mask + 1) * 2 : 64, old_count = bigs ? bigs_mask + 1 : 0;
        struct big *old = bigs, *grown = mt_meta_alloc(count * sizeof *grown);
        if (!grown)
            return false;
        bigs = grown;
        bigs_mask = count - 1;
        for (uint64_t i = 0; i < old_count; i++)
            if (old[i].block)
                *big_find(old[i].block) = old[i];
        mt_meta_free(old);
    }
    struct big *b = big_find(block);
    bigs_used += !b->block;
    *b = (struct big){block, size};
    return true;
}

static uint64_t big_take(uint64_t block)
{
    struct big *b = bigs ? big_find(block) : NULL;
    if (!b || !b->block)
        return SIZE_BIG;
    uint64_t size = b->size, hole = (uint64_t)(b - bigs);
    for (uint64_t at = (hole + 1) & bigs_mask; bigs[at].block; at = (at + 1) & bigs_mask) {
        uint64_t home = hash_of(bigs[at].block) >> 32;
        if (((at - home) & bigs_mask) >= ((at - hole) & bigs_mask)) {
            bigs[hole] = bigs[at];
            hole = at;
        }
    }
    bigs[hole].block = 0;
    bigs_used--;
    return size;
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
    s->w0 = page << 28 | (uint64_t) class << 12 | count;
}

static struct slot *slot_find(const struct shard *s, uint64_t hash, uint64_t page)
{
    uint64_t at = hash >> s->shift;
    while (s->slots[at].w0 && slot_page(&s->slots[at]) != page)
        at = (at + 1) & s->mask;
    return &s->slots[at];
}

static bool slots_grow(struct shard *s)
{
    uint64_t count = s->slots ? (s->mask + 1) * 2 : FIRST_SLOTS,
             old_count = s->slots ? s->mask + 1 : 0;
    struct slot *old = s->slots, *grown = mt_meta_alloc(count * sizeof *grown);
    if (!grown)
        return false;
    s->slots = grown;
    s->mask = count - 1;
    s->shift = (uint32_t)__builtin_clzll(count) + 1;
    for (uint64_t i = 0; i < old_count; i++)
        if (old[i].w0)
            *slot_find(s, hash_of(slot_page(&old[i])), slot_page(&old[i])) = old[i];
    mt_meta_free(old);
    return true;
}

/* Take an empty page's slot out; what is behind it and may not stay beyond it moves up. */
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

/* ---- Buckets ---- */

static void bucket_spare(struct shard *s, uint64_t *bucket, uint32_t class)
{
    bucket[0] = (uint64_t)s->spare[class];
    s->spare[class] = bucket;
}

static uint64_t *bucket_new(struct shard *s, uint32_t class)
{
    uint32_t cap = class_cap[class];
    uint64_t *bucket = s->spare[class];
    if (bucket) {
        s->spare[class] = (uint64_t *)bucket[0];
        bucket[0] = 0;
        if (class >= SMALL_CLASSES)
            s->spare_bytes -= cap * (uint32_t)sizeof *bucket;
        return bucket;
    }
    if (class >= SMALL_CLASSES)
        return mt_meta_alloc(cap * sizeof *bucket);
    uint64_t *set = mt_meta_alloc((2 + SMALL_AT_ONCE * cap) * sizeof *set);
    if (!set)
        return NULL;
    set[0] = (uint64_t)s->sets;
    s->sets = set;
    for (uint32_t i = 1; i < SMALL_AT_ONCE; i++)
        bucket_spare(s, set + 2 + i * cap, class);
    return set + 2;
}

static void bucket_free(struct shard *s, uint64_t *bucket, uint32_t class)
{
    uint32_t bytes = class_cap[class] * (uint32_t)sizeof *bucket;
    if (class >= SMALL_CLASSES && s->spare_bytes + bytes > SPARE_BYTES) {
        mt_meta_free(bucket);
        return;
    }
    if (class >= SMALL_CLASSES)
        s->spare_bytes += bytes;
    memset(bucket, 0, bytes);
    bucket_spare(s, bucket, class);
}

static uint32_t offset_of(uint64_t entry)
{
    return entry & ((1u << OFFSET_BITS) - 1);
}

/* Where an entry belongs. Blocks come at even distances, and a page fills from one end: multiplying by the golden
 * ratio of 512 spreads such offsets evenly, where keeping their order would crowd one end of the bucket. */
static uint32_t home_of(uint32_t offset, uint32_t cap)
{
    return (offset * 317 & ((1u << OFFSET_BITS) - 1)) * cap >> OFFSET_BITS;
}

/* The place of the entry with this offset, or the empty one where it goes, or cap: neither. */
static uint32_t bucket_find(const uint64_t *bucket, uint32_t cap, uint32_t offset)
{
    uint32_t at = home_of(offset, cap);
    for (uint32_t i = 0; i < cap; i++) {
        if (!bucket[at] || offset_of(bucket[at]) == offset)
            return at;
        at = at + 1 == cap ? 0 : at + 1;
    }
    return cap;
}

static void bucket_remove(uint64_t *bucket, uint32_t cap, uint32_t hole)
{
    uint32_t at = hole;
    for (;;) {
        at = at + 1 == cap ? 0 : at + 1;
        if (at == hole || !bucket[at])
            break;
        uint32_t home = home_of(offset_of(bucket[at]), cap);
        uint32_t from_home = at >= home ? at - home : at + cap - home;
        uint32_t from_hole = at >= hole ? at - hole : at + cap - hole;
        if (from_home >= from_hole) {
            bucket[hole] = bucket[at];
            hole = at;
        }
    }
    bucket[hole] = 0;
}

/* Move the page's entries to a bucket of the next useful class. */
static bool bucket_grow(struct shard *s, struct slot *slot)
{
    uint32_t class = slot_class(slot), cap = class_cap[class];
    uint32_t next = class && cap < 64 && class + 2 < CLASSES ? class + 2 : class + 1;
    uint64_t *grown = bucket_new(s, next);
    if (!grown)
        return false;
    uint64_t single = slot->single, *old = class ? slot->bucket : &single;
    for (uint32_t i = 0; i < cap; i++)
        if (old[i])
            grown[bucket_find(grown, class_cap[next], offset_of(old[i]))] = old[i];
    if (class)
        bucket_free(s, old, class);
    slot->bucket = grown;
    slot_set(slot, slot_page(slot), next, slot_count(slot));
    return true;
}

/* Room for one more, some of it left empty so that probing ends: a sixteenth. At 512 every offset has its own place. */
static bool bucket_full(const struct slot *slot)
{
    uint32_t cap = class_cap[slot_class(slot)], count = slot_count(slot);
    return cap < 512 && count >= cap - cap / 8;
}

/* ---- */

static struct shard *shard_of(uint64_t page)
{
    return &shards[hash_of(page >> REGION_BITS) >> (64 - SHARD_BITS)];
}

static struct shard *lock_shard(uint64_t page, bool *locked)
{
    struct shard *s = shard_of(page);
    *locked = mt_shared();
    if (*locked)
        mt_lock_take(&s->lock);
    return s;
}

static void unlock_shard(struct shard *s, bool locked)
{
    if (locked)
        mt_lock_drop(&s->lock);
}

/* Put `entry` in; *replaced: what stood there, 0 if nothing. */
static bool enter(struct shard *s, uint64_t hash, uint64_t page, uint64_t entry, uint64_t *replaced)
{
    *replaced = 0;
    if ((!s->slots || s->used * 4 >= (s->mask + 1) * 3) && !slots_grow(s))
        return false;
    struct slot *slot = slot_find(s, hash, page);
    if (!slot->w0) {
        s->used++;
        slot->single = entry;
        slot_set(slot, page, 0, 1);
        return true;
    }
    uint32_t offset = offset_of(entry), class = slot_class(slot);
    uint64_t *bucket = class ? slot->bucket : &slot->single;
    uint32_t at = bucket_find(bucket, class_cap[class], offset);
    if (at < class_cap[class] && bucket[at]) {
        *replaced = bucket[at];
        bucket[at] = entry;
        return true;
    }
    if (bucket_full(slot)) {
        if (!bucket_grow(s, slot))
            return false;
        at = bucket_find(slot->bucket, class_cap[slot_class(slot)], offset);
    }
    slot->bucket[at] = entry;
    slot->w0++;
    return true;
}

static uint64_t take(struct shard *s, uint64_t hash, uint64_t page, uint32_t offset)
{
    struct slot *slot = s->slots ? slot_find(s, hash, page) : NULL;
    if (!slot || !slot->w0)
        return 0;
    uint32_t class = slot_class(slot), cap = class_cap[class];
    uint64_t *bucket = class ? slot->bucket : &slot->single;
    uint32_t at = bucket_find(bucket, cap, offset);
    uint64_t entry = at < cap ? bucket[at] : 0;
    if (!entry || offset_of(entry) != offset)
        return 0;
    if (slot_count(slot) > 1) {
        bucket_remove(bucket, cap, at);
        slot->w0--;
        return entry;
    }
    bucket[at] = 0;
    if (class)
        bucket_free(s, bucket, class);
    slot_remove(s, slot);
    return entry;
}

static struct mt_live unpack(uintptr_t block, uint64_t entry)
{
    struct mt_live live = {entry >> OFFSET_BITS & SIZE_BIG,
                           (uint32_t)(entry >> (OFFSET_BITS + SIZE_BITS))};
    if (live.size == SIZE_BIG) {
        mt_lock_take(&big_lock);
        live.size = big_take(block);
        mt_lock_drop(&big_lock);
    }
    return live;
}

void mt_live_prefetch(uintptr_t block)
{
    uint64_t hash = hash_of(block >> 12);
    const struct shard *s = shard_of(block >> 12);
    /* If another thread grows it just now this may be any address: it is not read. */
    __builtin_prefetch(
        (const void *)((uintptr_t)s->slots + (hash >> (s->shift & 63)) * sizeof *s->slots));
}

bool mt_live_enter(uintptr_t block, struct mt_live entry, struct mt_live *stale)
{
    uint64_t page = block >> 12, hash = hash_of(page), replaced;
    uint32_t offset = (uint32_t)(block >> 3) & ((1u << OFFSET_BITS) - 1);
    stale->unit = 0;
    if (block >> 48 || !block || entry.unit >> 28 || !entry.unit)
        return false;
    uint64_t size = entry.size < SIZE_BIG ? entry.size : SIZE_BIG;
    uint64_t word =
        (uint64_t)entry.unit << (OFFSET_BITS + SIZE_BITS) | size << OFFSET_BITS | offset;
    bool locked;
    struct shard *s = lock_shard(page, &locked);
    bool ok = enter(s, hash, page, word, &replaced);
    unlock_shard(s, locked);
    if (replaced)
        *stale = unpack(block, replaced);
    if (ok && size == SIZE_BIG) {
        mt_lock_take(&big_lock);
        bool kept = big_enter(block, entry.size);
        mt_lock_drop(&big_lock);
        struct mt_live dropped;
        if (!kept) {
            mt_live_take(block, &dropped);
            return false;
        }
    }
    return ok;
}

bool mt_live_take(uintptr_t block, struct mt_live *entry)
{
    uint64_t page = block >> 12, hash = hash_of(page);
    uint32_t offset = (uint32_t)(block >> 3) & ((1u << OFFSET_BITS) - 1);
    bool locked;
    struct shard *s = lock_shard(page, &locked);
    uint64_t word = take(s, hash, page, offset);
    unlock_shard(s, locked);
    if (word)
        *entry = unpack(block, word);
    return word != 0;
}

static void free_chain(uint64_t *first)
{
    while (first) {
        uint64_t *next = (uint64_t *)first[0];
        mt_meta_free(first);
        first = next;
    }
}

static void shard_free(struct shard *s)
{
    for (uint64_t i = 0; s->slots && i <= s->mask; i++)
        if (s->slots[i].w0 && slot_class(&s->slots[i]) >= SMALL_CLASSES)
            mt_meta_free(s->slots[i].bucket);
    for (uint32_t class = SMALL_CLASSES; class < CLASSES; class ++)
        free_chain(s->spare[class]);
    free_chain(s->sets);
    mt_meta_free(s->slots);
}

void mt_live_forget(void)
{
    mt_meta_hold();
    for (unsigned i = 0; i < SHARDS; i++) {
        if (!mt_meta_torn)
            shard_free(&shards[i]);
        memset(&shards[i], 0, sizeof shards[i]);
    }
    if (!mt_meta_torn)
        mt_meta_free(bigs);
    mt_meta_release();
    bigs = NULL;
    bigs_mask = bigs_used = 0;
    big_lock.held = 0;
}
