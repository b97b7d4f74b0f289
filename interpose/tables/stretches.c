/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "base/meta.h"
#include "log/log.h"
#include "tables/stretches.h"

struct mt_stretch_known {
    uint64_t hash;  /* 0: empty */
    uint32_t unit;  /* of the record; 0: none (yet) */
    uint32_t units; /* of a frame's bound: what the frame's records take */
};

int64_t mt_stretches_floor;

/* ---- The floor: look-ups are counted, so that the work stays a small part of an event ---- */

#define LOOKED_BATCH 1024u
/* The first 2^13 look-ups are free. From then on the floor is the peak / 2^14, and 4 times as much for each 2 times as many, until
 * it is the peak / 2^10. */
#define FREE_BITS   13
#define FIRST_SHIFT 14
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

static struct mt_stretch *record_at(uint32_t unit)
{
    return (struct mt_stretch *)(mt_log.base[MT_REGION_STRETCH] + (uint64_t)unit * MT_STRETCH_UNIT);
}

/* Of a SET; of any other kind. */
static uint32_t *low_rises_of(struct mt_stretch *record)
{
    return (uint32_t *)(record + 1);
}

static uint64_t *rises_of(struct mt_stretch *record)
{
    return (uint64_t *)(record + 1);
}

static uint32_t *sites_of(struct mt_stretch *record)
{
    uint32_t words = record->kind == MT_STRETCH_SET ? record->count : record->count * 2u;
    return low_rises_of(record) + words;
}

/* The sites tell the frame: they are its children. */
static inline uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t hash_of(const struct mt_ended *ended)
{
    uint64_t h = mix((uint64_t)ended->before << 32, ended->after);
    for (uint32_t i = 0; i < ended->count; i++)
        h = mix(h, ended->site[i]);
    return h ? h : 1;
}

/* Of what is said of a frame as a whole. */
static uint64_t hash_of_frame(uint32_t parent, enum mt_stretch_kind kind)
{
    uint64_t h = mix((uint64_t)parent << 8 | kind, 0x94d049bb133111ebu);
    return h ? h : 1;
}

/* The first entry of this hash, or an empty place. */
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
    for (size_t i = 0; i < old_count; i++) {
        struct mt_stretch_known *k = place(s, old[i].hash);
        while (k->hash) /* another of the same hash */
            k = k + 1 == s->known + ((size_t)1 << bits) ? s->known : k + 1;
        *k = old[i];
    }
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

static bool is(uint32_t unit, const struct mt_ended *ended)
{
    struct mt_stretch *r = record_at(unit);
    if (r->count != ended->count || r->before != ended->before || r->after != ended->after)
        return false;
    const uint32_t *sites = sites_of(r);
    for (uint32_t i = 0; i < ended->count; i++) /* one or two mostly: no call of memcmp */
        if (sites[i] != ended->site[i])
            return false;
    return true;
}

/* The entry of these stretches' record, or an empty place. */
static struct mt_stretch_known *place_of(const struct mt_stretches *s, uint64_t hash,
                                         const struct mt_ended *ended)
{
    struct mt_stretch_known *k = place(s, hash);
    while (k->hash && (k->hash != hash || !is(k->unit, ended)))
        k = k + 1 == s->known + ((size_t)1 << s->bits) ? s->known : k + 1;
    return k;
}

/* A record of `count` sites: `rise` and `site` have as many; those of a SET are below 4 GiB. 0: no space. */
static uint32_t new_record(uint32_t parent, enum mt_stretch_kind kind, uint32_t before,
                           uint32_t after, uint32_t count, const uint64_t *rise,
                           const uint32_t *site)
{
    uint64_t unit =
        mt_log_reserve(MT_REGION_STRETCH, MT_STRETCH_UNIT, MT_STRETCH_UNITS(kind, count));
    if (!unit || unit > UINT32_MAX)
        return 0;
    struct mt_stretch *r = record_at((uint32_t)unit);
    /* first what tells its length, last what says that it is filled in */
    r->kind = (uint8_t)kind;
    __atomic_store_n(&r->count, (uint8_t)count, __ATOMIC_RELEASE);
    r->before = before;
    r->after = after;
    if (kind == MT_STRETCH_SET)
        for (uint32_t i = 0; i < count; i++)
            low_rises_of(r)[i] = (uint32_t)rise[i];
    else
        memcpy(rises_of(r), rise, count * sizeof *rise);
    memcpy(sites_of(r), site, count * sizeof *site);
    __atomic_store_n(&r->parent, parent, __ATOMIC_RELEASE);
    return (uint32_t)unit;
}

void mt_stretches_other(struct mt_stretches *s, uint32_t parent, enum mt_stretch_kind kind,
                        uint64_t rise)
{
    struct mt_stretch_known *k = known_at(s, hash_of_frame(parent, kind));
    if (!k)
        return;
    if (!k->unit)
        k->unit = new_record(parent, kind, 0, 0, 1, &rise, &(uint32_t){0});
    else if (rise > *rises_of(record_at(k->unit)))
        *rises_of(record_at(k->unit)) = rise;
}

bool mt_stretches_node(struct mt_stretches *s, uint32_t node, uint64_t rise, uint64_t alone)
{
    struct mt_stretch_known *k = known_at(s, hash_of_frame(node, MT_STRETCH_NODE));
    if (!k)
        return false;
    if (!k->unit)
        k->unit = new_record(node, MT_STRETCH_NODE, 0, 0, 2, (uint64_t[]){rise, alone},
                             (uint32_t[]){0, 0});
    if (!k->unit)
        return false;
    uint64_t *rises = rises_of(record_at(k->unit));
    rises[0] = rise > rises[0] ? rise : rises[0];
    rises[1] = alone > rises[1] ? alone : rises[1];
    return true;
}

static uint64_t highest_of(const struct mt_ended *ended)
{
    uint64_t highest = 0;
    for (uint32_t i = 0; i < ended->count; i++)
        if (ended->rise[i] > highest)
            highest = ended->rise[i];
    return highest;
}

/* The more there is of the frame already, the higher something new must have risen: everything at first, beyond a half 1/4,096 of the
 * peak, beyond three quarters 1/1,024. `units`: with those of the new record. */
static bool is_worth(uint32_t units, uint64_t highest)
{
    uint64_t bytes = (uint64_t)units * MT_STRETCH_UNIT,
             peak = __atomic_load_n(&mt_log.header->peak, __ATOMIC_RELAXED);
    if (bytes <= MT_STRETCHES_BYTES / 2)
        return true;
    return bytes <= MT_STRETCHES_BYTES &&
           highest > (bytes <= MT_STRETCHES_BYTES / 4 * 3 ? peak >> 12 : peak >> 10);
}

/* A record for them. 0: they are to be lost. */
static uint32_t record_of(struct mt_stretches *s, const struct mt_ended *ended)
{
    uint64_t highest = highest_of(ended);
    enum mt_stretch_kind kind = highest > UINT32_MAX ? MT_STRETCH_HIGH : MT_STRETCH_SET;
    uint32_t unit = 0, units = MT_STRETCH_UNITS(kind, ended->count),
             parent = mt_log_node(ended->site[0])->parent;
    struct mt_stretch_known *bound = known_at(s, hash_of_frame(parent, MT_STRETCH_LOST));
    if (bound && is_worth(bound->units + units, highest))
        unit = new_record(parent, kind, ended->before, ended->after, ended->count, ended->rise,
                          ended->site);
    if (unit)
        bound->units += units;
    else
        mt_stretches_other(s, parent, MT_STRETCH_LOST, highest);
    return unit;
}

static __attribute__((noinline)) void add(struct mt_stretches *s, uint64_t hash,
                                          const struct mt_ended *ended)
{
    uint32_t unit = record_of(s, ended);
    if (!unit)
        return;
    if ((uint64_t)s->used * 4 >= 3ull << s->bits && !grow(s))
        return; /* not found again: the next one like it has a record of its own */
    struct mt_stretch_known *k = place_of(s, hash, ended);
    *k = (struct mt_stretch_known){.hash = hash, .unit = unit};
    s->used++;
}

/* One of them rose too high for their SET, which stands as it is, and is followed by a HIGH record. */
static __attribute__((noinline, cold)) void add_high(struct mt_stretches *s, uint64_t hash,
                                                     const struct mt_ended *ended)
{
    uint32_t unit = record_of(s, ended);
    if (unit) /* record_of may have moved the table */
        place_of(s, hash, ended)->unit = unit;
}

void mt_stretches_ended(struct mt_stretches *s, const struct mt_ended *ended)
{
    uint64_t hash = hash_of(ended);
    if (++s->looked == LOOKED_BATCH)
        count_looked(s);
    struct mt_stretch_known *k = s->known ? place_of(s, hash, ended) : NULL;
    if (!k || !k->hash) {
        add(s, hash, ended);
        return;
    }
    struct mt_stretch *record = record_at(k->unit);
    if (__builtin_expect(record->kind != MT_STRETCH_SET, 0)) {
        uint64_t *rise = rises_of(record);
        for (uint32_t i = 0; i < ended->count; i++)
            rise[i] = ended->rise[i] > rise[i] ? ended->rise[i] : rise[i];
        return;
    }
    uint32_t *rise = low_rises_of(record);
    bool high = false;
    for (uint32_t i = 0; i < ended->count; i++)
        if (ended->rise[i] > UINT32_MAX)
            high = true;
        else if (ended->rise[i] > rise[i])
            rise[i] = (uint32_t)ended->rise[i];
    if (__builtin_expect(high, 0))
        add_high(s, hash, ended);
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
