/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "base/meta.h"
#include "log/log.h"
#include "tables/stretches.h"

struct mt_stretch_known {
    uint64_t hash;  /* 0: empty */
    uint64_t rise;  /* as in the record */
    uint32_t unit;  /* 0: no record (yet) */
    uint32_t count; /* of a frame's bound: the frame's records */
};

int64_t mt_stretches_floor;

/* ---- The floor: look-ups are counted, so that the work stays a small part of an event ---- */

#define LOOKED_BATCH 1024u
/* The first 2^14 look-ups are free. From then on the floor is the peak / 2^16, and 4 times as much for each 2 times as many, until
 * it is the peak / 2^10. */
#define FREE_BITS   14
#define FIRST_SHIFT 16
#define LAST_SHIFT  10

static uint64_t looked;

static __attribute__((noinline, cold)) void count_looked(struct mt_stretches *s)
{
    uint64_t all = __atomic_add_fetch(&looked, s->looked, __ATOMIC_RELAXED);
    s->looked = 0;
    if (all >> FREE_BITS == 0)
        return;
    int shift = FIRST_SHIFT - 2 * (63 - __builtin_clzll(all) - FREE_BITS);
    struct mt_header *h = mt_log.header;
    uint64_t peak = __atomic_load_n(&h->peak, __ATOMIC_RELAXED),
             floor = peak >> (shift < LAST_SHIFT ? LAST_SHIFT : shift);
    __atomic_store_n(&mt_stretches_floor, (int64_t)floor, __ATOMIC_RELAXED);
    if (floor > __atomic_load_n(&h->rise_floor, __ATOMIC_RELAXED))
        __atomic_store_n(&h->rise_floor, floor, __ATOMIC_RELAXED);
}

/* ---- The table ---- */

/* The sites tell the frame: they are its children. Their order does not count. 64 bits are taken for the whole key: with a
 * million keys, two of them are the same once in 40 million runs. */
static inline uint64_t mix(uint64_t x)
{
    x = (x + 1) * 0x9e3779b97f4a7c15u;
    return x ^ x >> 32;
}

static uint64_t hash_of(const uint32_t *set, uint32_t count, uint32_t before, uint32_t after)
{
    uint64_t h = mix((uint64_t)before << 32 | after);
    for (uint32_t i = 0; i < count; i++) {
        h += mix(set[i]) * 0xbf58476d1ce4e5b9u;
        __asm__("" : "+r"(h)); /* vectors have no such product */
    }
    h *= 0x94d049bb133111ebu;
    h ^= h >> 31;
    return h ? h : 1;
}

/* Of what is said of a frame as a whole: no set has hashes like these. */
static uint64_t hash_of_frame(uint32_t parent, enum mt_stretch_kind kind)
{
    uint64_t h = mix((uint64_t)parent << 8 | kind) ^ 0x94d049bb133111ebu;
    return h ? h : 1;
}

static struct mt_stretch_known *place(const struct mt_stretches *s, uint64_t hash)
{
    uint64_t mask = ((uint64_t)1 << s->bits) - 1, at = hash >> 13 & mask;
    while (s->known[at].hash && s->known[at].hash != hash)
        at = (at + 1) & mask;
    return &s->known[at];
}

static bool grow(struct mt_stretches *s)
{
    struct mt_stretch_known *old = s->known;
    size_t old_count = old ? (size_t)1 << s->bits : 0;
    uint32_t bits = old ? s->bits + 1 : 7;
    struct mt_stretch_known *grown = mt_meta_alloc(sizeof *grown << bits);
    if (!grown)
        return false;
    s->known = grown;
    s->bits = bits;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].hash)
            *place(s, old[i].hash) = old[i];
    mt_meta_free(old);
    return true;
}

/* Its entry, made on first sight; NULL: no memory. Valid until the next call. */
static struct mt_stretch_known *known_at(struct mt_stretches *s, uint64_t hash)
{
    if ((!s->known || (uint64_t)s->used * 4 >= 3ull << s->bits) && !grow(s))
        return NULL;
    struct mt_stretch_known *k = place(s, hash);
    if (!k->hash) {
        k->hash = hash;
        s->used++;
    }
    return k;
}

/* ---- Records ---- */

static struct mt_stretch *record_at(uint32_t unit)
{
    return (struct mt_stretch *)mt_log.base[MT_REGION_STRETCH] + unit;
}

static uint32_t new_record(uint32_t parent, enum mt_stretch_kind kind, const uint32_t *set,
                           uint32_t count, uint32_t before, uint32_t after, uint64_t rise)
{
    uint64_t unit =
        mt_log_reserve(MT_REGION_STRETCH, sizeof(struct mt_stretch), MT_STRETCH_UNITS(count));
    if (!unit || unit > UINT32_MAX)
        return 0;
    struct mt_stretch *r = record_at((uint32_t)unit);
    /* first what tells its length, last what says that it is filled in */
    __atomic_store_n(&r->count, (uint8_t)count, __ATOMIC_RELEASE);
    r->kind = (uint8_t)kind;
    r->before = before;
    r->after = after;
    r->rise = rise;
    memcpy(r->site, set, count * sizeof *set);
    __atomic_store_n(&r->parent, parent, __ATOMIC_RELEASE);
    return (uint32_t)unit;
}

void mt_stretches_lost(struct mt_stretches *s, uint32_t parent, enum mt_stretch_kind kind,
                       uint64_t rise)
{
    struct mt_stretch_known *bound = known_at(s, hash_of_frame(parent, kind));
    if (!bound || rise <= bound->rise)
        return;
    bound->rise = rise;
    if (bound->unit)
        record_at(bound->unit)->rise = rise;
    else
        bound->unit = new_record(parent, kind, NULL, 0, 0, 0, rise);
}

/* False: it cannot have one. */
static __attribute__((noinline)) bool add(struct mt_stretches *s, uint64_t hash, uint32_t parent,
                                          const uint32_t *set, uint32_t count, uint32_t before,
                                          uint32_t after, uint64_t rise)
{
    struct mt_stretch_known *bound = known_at(s, hash_of_frame(parent, MT_STRETCH_LOST));
    if (!bound || bound->count >= MT_STRETCHES_MAX)
        return false;
    uint32_t unit = new_record(parent, count ? MT_STRETCH_SET : MT_STRETCH_ALL, set, count, before,
                               after, rise);
    if (!unit)
        return false;
    bound->count++;
    struct mt_stretch_known *k = known_at(s, hash);
    if (!k)
        return true; /* not found again: the next one like it has a record of its own */
    k->unit = unit;
    k->rise = rise;
    return true;
}

void mt_stretches_ended(struct mt_stretches *s, uint32_t site, const uint32_t *set, uint32_t count,
                        uint32_t before, uint32_t after, uint64_t rise)
{
    uint64_t hash = count ? hash_of(set, count, before, after)
                          : hash_of_frame(mt_log_node(site)->parent, MT_STRETCH_ALL);
    if (++s->looked == LOOKED_BATCH)
        count_looked(s);
    struct mt_stretch_known *k = s->known ? place(s, hash) : NULL;
    if (k && k->hash) {
        if (rise > k->rise) {
            k->rise = rise;
            record_at(k->unit)->rise = rise;
        }
        return;
    }
    uint32_t parent = mt_log_node(site)->parent;
    if (!add(s, hash, parent, set, count, before, after, rise))
        mt_stretches_lost(s, parent, MT_STRETCH_LOST, rise);
}

void mt_stretches_forget(struct mt_stretches *s)
{
    mt_meta_free(s->known);
    *s = (struct mt_stretches){0};
}

void mt_stretches_restart(void)
{
    looked = 0;
    mt_stretches_floor = 0;
}
