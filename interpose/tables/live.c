/* SPDX-License-Identifier: MIT
 *
 * Blocks that were allocated one after the other lie side by side, and are mostly used and released so. The table keeps
 * them side by side too: it is a hash of pages of 4,096 bytes, and each page has a small bucket of entries, in the order in
 * which they came. An event then touches lines that the event before has touched, where a hash of the addresses themselves
 * costs one or two cache and TLB misses an event once the table is bigger than the cache (jq: half of all cost), and an
 * entry needs 9 bytes instead of 16, the page being known.
 *
 *   directory slot:  word 0: page (address >> 12, 36 bits) | words of bytes (8) | class of the bucket (8) | blocks in it (12)
 *                    word 1: the bucket; or the entry itself, while it is the only one (class 0)
 *   bucket:          a byte for each entry, 8 bits of its place in the page, padded to words; the entries
 *   entry:           unit (28 bits) | size (27 bits) | address >> 3 within the page (9 bits)
 *
 * A block is found by its byte, eight of them at a time: a bucket may be full to the last entry, grows by copying, and
 * loses an entry by putting the last one in its place. (A small hash in its stead, seven eighths full, made all that an
 * event costs a tenth more in jq and perl, a seventh in the churn benchmark.)
 *
 * Sizes of 2^27 - 1 bytes and more stand in a table of their own.
 *
 * 128 shards with a spin lock each, taken only while there are several threads. A megabyte's pages are all in one shard: an
 * allocator gives a thread memory of its own in such pieces, so that threads seldom touch each other's shards, and a small
 * program fills one.
 */
#include <stddef.h>
#include <string.h>

#include "base/guard.h"
#include "base/lock.h"
#include "base/meta.h"
#include "tables/live.h"

#define SHARD_BITS  7
#define SHARDS      (1u << SHARD_BITS)
#define REGION_BITS 8 /* of a page's number */
#define SIZE_BITS   27
#define SIZE_BIG    ((1u << SIZE_BITS) - 1)
#define OFFSET_BITS 9
#define FIRST_SLOTS 16u

/* Entries of a bucket of each class, one byte of each apart: sizes that jemalloc has, so that little is lost to rounding. */
static const uint16_t class_cap[] = {1,   5,   7,   8,   10,  12,  14,  17, 21,  24,
                                     28,  35,  42,  49,  56,  71,  85,  99, 113, 142,
                                     170, 199, 227, 284, 341, 398, 455, 512};
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
    uint64_t most;            /* used may become so many before there must be more slots */
    uint64_t *spare[CLASSES]; /* empty buckets of each class, chained by their first word */
    uint64_t *sets;       /* blocks that hold several buckets of a small class, chained likewise */
    uint32_t spare_bytes; /* in those of the classes from SMALL_CLASSES on */
} __attribute__((aligned(64)));

/* Buckets of the first classes are never given back; of the others a shard keeps this much. A page that fills and empties
 * again and again, or many that take turns, cost no allocator, which costs two system calls: it is asked, and given back,
 * several at a time. */
#define SMALL_CLASSES 8u
#define AT_ONCE       8u
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

static uint32_t tag_words(uint32_t class)
{
    return (class_cap[class] + 7u) / 8;
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
    s->w0 = page << 28 | (uint64_t)tag_words(class) << 20 | (uint64_t) class << 12 | count;
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

static __attribute__((noinline)) bool slots_grow(struct shard *s)
{
    uint64_t count = s->slots ? (s->mask + 1) * 2 : FIRST_SLOTS,
             old_count = s->slots ? s->mask + 1 : 0;
    struct slot *old = s->slots, *grown = mt_meta_alloc(count * sizeof *grown);
    if (!grown)
        return false;
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

static uint64_t *entries_of(uint64_t *bucket, uint32_t class)
{
    return bucket + tag_words(class);
}

static uint32_t bucket_bytes(uint32_t class)
{
    return (tag_words(class) + class_cap[class]) * (uint32_t)sizeof(uint64_t);
}

static void bucket_spare(struct shard *s, uint64_t *bucket, uint32_t class)
{
    bucket[0] = (uint64_t)s->spare[class];
    s->spare[class] = bucket;
    if (class >= SMALL_CLASSES)
        s->spare_bytes += bucket_bytes(class);
}

static uint64_t *bucket_unspare(struct shard *s, uint32_t class)
{
    uint64_t *bucket = s->spare[class];
    if (!bucket)
        return NULL;
    s->spare[class] = (uint64_t *)bucket[0];
    if (class >= SMALL_CLASSES)
        s->spare_bytes -= bucket_bytes(class);
    return bucket;
}

static uint64_t *small_buckets(struct shard *s, uint32_t class)
{
    uint32_t words = bucket_bytes(class) / (uint32_t)sizeof(uint64_t);
    uint64_t *set = mt_meta_alloc((2 + AT_ONCE * words) * sizeof *set);
    if (!set)
        return NULL;
    set[0] = (uint64_t)s->sets;
    s->sets = set;
    for (uint32_t i = 1; i < AT_ONCE; i++)
        bucket_spare(s, set + 2 + i * words, class);
    return set + 2;
}

static uint64_t *bucket_new(struct shard *s, uint32_t class)
{
    uint64_t *bucket = bucket_unspare(s, class);
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
        bucket_spare(s, made[i], class);
    return count ? made[0] : NULL;
}

static void bucket_free(struct shard *s, uint64_t *bucket, uint32_t class)
{
    bucket_spare(s, bucket, class);
    if (s->spare_bytes <= SPARE_BYTES || class < SMALL_CLASSES)
        return;
    void *many[4 * AT_ONCE];
    uint32_t count = 0;
    while (count < 4 * AT_ONCE && s->spare_bytes > SPARE_BYTES / 2 &&
           (bucket = bucket_unspare(s, class)))
        many[count++] = bucket;
    mt_meta_free_some(many, count);
}

static uint32_t offset_of(uint64_t entry)
{
    return entry & ((1u << OFFSET_BITS) - 1);
}

/* Blocks that are aligned to 16 bytes, as most are, have each a tag of its own. */
static uint8_t tag_of(uint32_t offset)
{
    return (uint8_t)(offset >> 1);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "bucket_find: byte i of a word is its bits 8i to 8i + 7");

/* The place of the entry with this offset among the first `count`, or `count`. Eight bytes at a time: those that are zero
 * in x are found as in Hacker's Delight, 6-1. One above such a byte may be taken for one too, and what stands behind the
 * last one, left over or already an entry, may look like a hit: hence the comparison. */
static inline uint32_t bucket_find(const uint64_t *tags, const uint64_t *entries, uint32_t count,
                                   uint32_t offset)
{
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    uint64_t wanted = ones * tag_of(offset);
    for (uint32_t first = 0; first < count; first += 8) {
        uint64_t x = *tags++ ^ wanted, hits = (x - ones) & ~x & high;
        for (; __builtin_expect(hits != 0, 0); hits &= hits - 1) {
            uint32_t at = first + ((uint32_t)__builtin_ctzll(hits) >> 3);
            if (at < count && offset_of(entries[at]) == offset)
                return at;
        }
    }
    return count;
}

static void bucket_put(uint64_t *tags, uint64_t *entries, uint32_t at, uint64_t entry)
{
    ((uint8_t *)tags)[at] = tag_of(offset_of(entry));
    entries[at] = entry;
}

/* Move the page's entries to a bucket of the next useful class. */
static __attribute__((noinline)) bool bucket_grow(struct shard *s, struct slot *slot)
{
    uint32_t class = slot_class(slot), count = slot_count(slot);
    uint32_t next = class && class_cap[class] < 64 ? class + 2 : class + 1;
    uint64_t *grown = bucket_new(s, next), *entries = grown ? entries_of(grown, next) : NULL;
    if (!grown)
        return false;
    if (class) {
        memcpy(grown, slot->bucket, tag_words(class) * sizeof *grown);
        memcpy(entries, entries_of(slot->bucket, class), count * sizeof *entries);
        bucket_free(s, slot->bucket, class);
    } else {
        bucket_put(grown, entries, 0, slot->single);
    }
    slot->bucket = grown;
    slot_set(slot, slot_page(slot), next, count);
    return true;
}

/* ---- */

static struct shard *shard_of(uint64_t page)
{
    return &shards[hash_of(page >> REGION_BITS) >> (64 - SHARD_BITS)];
}

/* Apart, so that they take no registers from where there is one thread. */
static __attribute__((noinline)) void lock_shard(struct shard *s)
{
    mt_lock_take(&s->lock);
}

static __attribute__((noinline)) void unlock_shard(struct shard *s)
{
    mt_lock_drop(&s->lock);
}

/* As bucket_find, of a page with a bucket or without. */
static inline uint32_t place_of(const struct slot *slot, const uint64_t *entries, uint32_t offset)
{
    uint32_t count = slot_count(slot);
    if (!slot_class(slot))
        return offset_of(slot->single) == offset ? 0 : count;
    return bucket_find(slot->bucket, entries, count, offset);
}

/* Put `entry` in; *replaced: what stood there, 0 if nothing. */
static inline __attribute__((always_inline)) bool
enter(struct shard *s, uint64_t hash, uint64_t page, uint64_t entry, uint64_t *replaced)
{
    if (__builtin_expect(s->used >= s->most, 0) && !slots_grow(s))
        return false;
    struct slot *slot = slot_find(s, hash, page);
    if (!slot->w0) {
        s->used++;
        slot->single = entry;
        slot_set(slot, page, 0, 1);
        return true;
    }
    uint32_t count = slot_count(slot);
    uint64_t *entries = slot_entries(slot);
    uint32_t at = place_of(slot, entries, offset_of(entry));
    if (__builtin_expect(at < count, 0)) {
        *replaced = entries[at];
        entries[at] = entry;
        return true;
    }
    if (count == class_cap[slot_class(slot)]) {
        if (!bucket_grow(s, slot))
            return false;
        entries = slot_entries(slot);
    }
    bucket_put(slot->bucket, entries, count, entry);
    slot->w0++;
    return true;
}

static __attribute__((noinline)) void page_empty(struct shard *s, struct slot *slot)
{
    if (slot_class(slot))
        bucket_free(s, slot->bucket, slot_class(slot));
    slot_remove(s, slot);
}

/* 0: there is none. */
static inline __attribute__((always_inline)) uint64_t take(struct shard *s, uint64_t hash,
                                                           uint64_t page, uint32_t offset)
{
    struct slot *slot = s->slots ? slot_find(s, hash, page) : NULL;
    if (!slot || !slot->w0)
        return 0;
    uint32_t count = slot_count(slot);
    uint64_t *entries = slot_entries(slot);
    uint32_t at = place_of(slot, entries, offset);
    if (at == count)
        return 0;
    uint64_t entry = entries[at];
    if (count == 1) {
        page_empty(s, slot);
        return entry;
    }
    if (at != count - 1)
        bucket_put(slot->bucket, entries, at, entries[count - 1]);
    slot->w0--;
    return entry;
}

static __attribute__((noinline, cold)) uint64_t take_big(uintptr_t block)
{
    mt_lock_take(&big_lock);
    uint64_t size = big_take(block);
    mt_lock_drop(&big_lock);
    return size;
}

static inline struct mt_live unpack(uintptr_t block, uint64_t entry)
{
    struct mt_live live = {entry >> OFFSET_BITS & SIZE_BIG,
                           (uint32_t)(entry >> (OFFSET_BITS + SIZE_BITS))};
    if (__builtin_expect(live.size == SIZE_BIG, 0))
        live.size = take_big(block);
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

static __attribute__((noinline, cold)) bool enter_big(uintptr_t block, uint64_t size)
{
    struct mt_live dropped;
    mt_lock_take(&big_lock);
    bool kept = big_enter(block, size);
    mt_lock_drop(&big_lock);
    if (!kept)
        mt_live_take(block, &dropped);
    return kept;
}

bool mt_live_enter(uintptr_t block, struct mt_live entry, struct mt_live *stale)
{
    uint64_t page = block >> 12, hash = hash_of(page), replaced = 0;
    uint32_t offset = (uint32_t)(block >> 3) & ((1u << OFFSET_BITS) - 1);
    stale->unit = 0;
    if (__builtin_expect(block - 1 >= ((uintptr_t)1 << 48) - 1 || entry.unit - 1 >= (1u << 28) - 1,
                         0))
        return false;
    uint64_t size = entry.size < SIZE_BIG ? entry.size : SIZE_BIG;
    uint64_t word =
        (uint64_t)entry.unit << (OFFSET_BITS + SIZE_BITS) | size << OFFSET_BITS | offset;
    struct shard *s = shard_of(page);
    bool locked = mt_shared();
    if (__builtin_expect(locked, 0))
        lock_shard(s);
    bool ok = enter(s, hash, page, word, &replaced);
    if (__builtin_expect(locked, 0))
        unlock_shard(s);
    if (__builtin_expect(replaced != 0, 0))
        *stale = unpack(block, replaced);
    return ok && (__builtin_expect(size != SIZE_BIG, 1) || enter_big(block, entry.size));
}

bool mt_live_take(uintptr_t block, struct mt_live *entry)
{
    uint64_t page = block >> 12, hash = hash_of(page);
    uint32_t offset = (uint32_t)(block >> 3) & ((1u << OFFSET_BITS) - 1);
    struct shard *s = shard_of(page);
    bool locked = mt_shared();
    if (__builtin_expect(locked, 0))
        lock_shard(s);
    uint64_t word = take(s, hash, page, offset);
    if (__builtin_expect(locked, 0))
        unlock_shard(s);
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

/* ---- What a fork child has of its parent's. The sizes of big blocks stay where they are: no two blocks have one address ---- */

static struct shard inherited[SHARDS];

/* What it has of its own goes to what it has inherited, as the next child inherits both. */
static void inherit_slot(struct slot *slot)
{
    uint64_t page = slot_page(slot), replaced, *entries = slot_entries(slot);
    for (uint32_t i = 0; i < slot_count(slot); i++)
        enter(&inherited[shard_of(page) - shards], hash_of(page), page, entries[i], &replaced);
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

void mt_live_inherit(void)
{
    mt_meta_hold();
    for (unsigned i = 0; i < SHARDS; i++) {
        if (mt_meta_torn)
            memset(&inherited[i], 0, sizeof inherited[i]);
        else
            inherit_shard(&shards[i], &inherited[i]);
        inherited[i].lock.held = 0;
        memset(&shards[i], 0, sizeof shards[i]);
    }
    mt_meta_release();
    if (mt_meta_torn) {
        bigs = NULL;
        bigs_mask = bigs_used = 0;
    }
    big_lock.held = 0;
}

bool mt_live_inherited_take(uintptr_t block, struct mt_live *entry)
{
    uint64_t page = block >> 12, hash = hash_of(page);
    struct shard *s = &inherited[shard_of(page) - shards];
    lock_shard(s);
    uint64_t word = take(s, hash, page, (uint32_t)(block >> 3) & ((1u << OFFSET_BITS) - 1));
    unlock_shard(s);
    if (word)
        *entry = unpack(block, word);
    return word != 0;
}
