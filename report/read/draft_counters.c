/* SPDX-License-Identifier: MIT
 *
 * What happened at the nodes of a draft, as a log has it.
 */
#include <string.h>

#include "base/base.h"
#include "read/putting.h"

/* Numbers of a counter's record are of 31 bits. */
#define MOST       0x7fffffffu
#define UNITS_MOST (1u << 28)

void *putting_more(struct bytes *bytes, size_t length)
{
    bytes->data = base_room(bytes->data, &bytes->cap, bytes->used + length, 1);
    void *at = bytes->data + bytes->used;
    memset(at, 0, length);
    bytes->used += length;
    return at;
}

void putting_add(struct putting *p, enum mt_region region, const void *entry, size_t length)
{
    memcpy(putting_more(&p->regions[region], length), entry, length);
}

static uint64_t most_of(const struct sums *sums, const struct sizes *sizes)
{
    uint64_t most = sums->allocations;
    uint64_t others[] = {sums->gone_count, sums->temporary, sums->releases, sums->discards,
                         sums->blocks_at_peak};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        most = others[i] > most ? others[i] : most;
    for (unsigned i = 0; sizes && i < SIZES; i++)
        most = sizes->count[i] > most ? sizes->count[i] : most;
    return most;
}

/* As much of a number as one record holds. */
static uint32_t part(uint64_t *left)
{
    uint32_t taken = *left > MOST ? MOST : (uint32_t)*left;
    *left -= taken;
    return taken;
}

/* A record at the chain's end. The link is completed when the next one comes. */
static void *link_record(struct putting *p, uint32_t *last, uint32_t *first, uint32_t kind,
                         size_t bytes)
{
    struct bytes *units = &p->regions[MT_REGION_COUNTER];
    uint32_t unit = (uint32_t)(units->used / MT_UNIT_2);
    void *record = putting_more(units, bytes);
    memcpy(record, &kind, sizeof kind);
    if (*last) {
        uint32_t link;
        memcpy(&link, units->data + (size_t)*last * MT_UNIT_2, sizeof link);
        link |= unit << 4;
        memcpy(units->data + (size_t)*last * MT_UNIT_2, &link, sizeof link);
    } else {
        *first = unit;
    }
    *last = unit;
    return record;
}

static void put_sizes(struct putting *p, uint32_t *last, uint32_t *first, struct sizes *left)
{
    struct bytes *units = &p->regions[MT_REGION_COUNTER];
    bool large = false;
    struct mt_large more_record = {.link = MT_KIND_2_LARGE};
    for (unsigned i = 0; i < MT_SIZES_LARGE; i++) {
        more_record.count[i] = part(&left->count[MT_SIZES_SMALL + i]);
        large = large || more_record.count[i];
    }
    uint32_t unit = (uint32_t)(units->used / MT_UNIT_2);
    if (large)
        memcpy(putting_more(units, sizeof more_record), &more_record, sizeof more_record);
    struct mt_sizes record;
    void *at = link_record(p, last, first, MT_KIND_SIZES, sizeof record);
    memcpy(&record, at, sizeof record);
    record.large = large ? unit : 0;
    for (unsigned i = 0; i < MT_SIZES_SMALL; i++)
        record.count[i] = part(&left->count[i]);
    memcpy(at, &record, sizeof record);
}

/* What is left of an entry's numbers. */
struct left {
    struct sums sums;
    struct sizes sizes;
};

/* How many blocks of the mt_alloc at `unit` were live at the peak. */
static void put_held(struct putting *p, uint32_t unit, uint32_t blocks)
{
    struct bytes *held = &p->regions[MT_REGION_HELD_2];
    size_t at = unit / 2 * sizeof blocks;
    if (!p->held)
        return;
    if (held->used <= at)
        putting_more(held, at + sizeof blocks - held->used);
    memcpy(held->data + at, &blocks, sizeof blocks);
}

static void put_alloc(struct putting *p, uint32_t *last, uint32_t *first,
                      const struct draft_entry *entry, struct left *left, bool begins)
{
    const struct sums *sums = &entry->sums;
    struct mt_alloc_2 record;
    void *at = link_record(p, last, first, MT_KIND_ALLOC + entry->class, sizeof record);
    uint32_t unit = *last;
    memcpy(&record, at, sizeof record);
    record.allocs = part(&left->sums.allocations) | (p->sized ? MT_ALLOCS_SIZES : 0);
    record.gone_count = part(&left->sums.gone_count);
    record.saved_seq = 1;
    if (begins) { /* bytes have room in the first one */
        record.allocated = sums->allocated;
        record.gone = sums->gone;
        record.live_peak = sums->live_peak;
        record.saved = (uint64_t)sums->at_peak;
    }
    memcpy(at, &record, sizeof record);
    put_held(p, unit, part(&left->sums.blocks_at_peak));
    if (begins && sums->late) {
        struct mt_finish finish = {.unit = unit, .live = (uint64_t)sums_live(sums)};
        putting_add(p, MT_REGION_FINISH, &finish, sizeof finish);
    }
    if (p->sized && entry->sizes)
        put_sizes(p, last, first, &left->sizes);
    struct mt_temporary_2 temporary = {.count = part(&left->sums.temporary)};
    if (p->sized && (temporary.count || (begins && sums->temporary_bytes))) {
        at = link_record(p, last, first, MT_KIND_2_TEMPORARY, sizeof temporary);
        temporary.link = MT_KIND_2_TEMPORARY;
        temporary.bytes = begins ? sums->temporary_bytes : 0;
        memcpy(at, &temporary, sizeof temporary);
    }
}

static void put_release(struct putting *p, uint32_t *last, uint32_t *first, uint32_t kind,
                        uint32_t count, uint64_t bytes)
{
    struct mt_release record = {.link = kind, .releases = count, .released = bytes};
    void *at = link_record(p, last, first, kind, sizeof record);
    memcpy(at, &record, sizeof record);
}

static void put_entry(struct putting *p, uint32_t *last, uint32_t *first,
                      const struct draft_entry *entry)
{
    const struct sums *sums = &entry->sums;
    struct left left = {.sums = *sums};
    if (entry->sizes)
        left.sizes = *entry->sizes;
    uint64_t records = most_of(sums, p->sized ? entry->sizes : NULL) / MOST + 1;
    bool allocates = sums->allocations || sums->allocated || sums->gone || sums->at_peak;
    for (uint64_t i = 0; i < records; i++) {
        uint32_t releases = part(&left.sums.releases), discards = part(&left.sums.discards);
        if (allocates)
            put_alloc(p, last, first, entry, &left, i == 0);
        if (releases || (i == 0 && sums->released))
            put_release(p, last, first, MT_KIND_RELEASE + entry->class, releases,
                        i == 0 ? sums->released : 0);
        if (discards || (i == 0 && sums->discarded))
            put_release(p, last, first, MT_KIND_DISCARD, discards, i == 0 ? sums->discarded : 0);
    }
    if (sums->readings || sums->resident) {
        struct mt_resident record = {
            .link = MT_KIND_RESIDENT, .grown = sums->resident, .readings = sums->readings};
        void *at = link_record(p, last, first, MT_KIND_RESIDENT, sizeof record);
        memcpy(at, &record, sizeof record);
    }
}

/* All nodes, with their chains. False: more than a log can hold. */
bool putting_nodes(struct putting *p)
{
    const struct draft *draft = p->draft;
    putting_more(&p->regions[MT_REGION_COUNTER], MT_UNIT_2);
    putting_more(&p->regions[MT_REGION_FINISH], sizeof(struct mt_finish));
    for (uint32_t i = 0; i < draft->node_count; i++) {
        const struct draft_node *from = &draft->nodes[i];
        struct mt_node_2 node = {
            .parent = from->parent, .frame = from->frame, .rise = from->rise, .alone = from->alone};
        uint32_t last = 0;
        for (uint32_t e = from->entries; e; e = draft->entries[e].next)
            put_entry(p, &last, &node.counters, &draft->entries[e]);
        putting_add(p, MT_REGION_NODE, &node, sizeof node);
        if (p->regions[MT_REGION_COUNTER].used / MT_UNIT_2 >= UNITS_MOST)
            return false;
    }
    size_t units = p->regions[MT_REGION_COUNTER].used / MT_UNIT_2;
    size_t held = p->held ? (units + 1) / 2 * sizeof(uint32_t) : 0;
    if (held > p->regions[MT_REGION_HELD_2].used)
        putting_more(&p->regions[MT_REGION_HELD_2], held - p->regions[MT_REGION_HELD_2].used);
    if (!draft->node_count)
        putting_more(&p->regions[MT_REGION_NODE], sizeof(struct mt_node_2));
    return true;
}

void putting_stretches(struct putting *p)
{
    const struct draft *draft = p->draft;
    struct bytes *region = &p->regions[MT_REGION_STRETCH];
    putting_more(region, MT_STRETCH_UNIT);
    for (uint32_t id = 1; id <= draft->stretches.count; id++) {
        size_t length;
        uint32_t key[5];
        const unsigned char *from = once_get(&draft->stretches, id, &length);
        memcpy(key, from, sizeof key);
        uint32_t count = key[4];
        struct mt_stretch record = {.parent = key[0],
                                    .before = key[1],
                                    .after = key[2],
                                    .kind = (uint8_t)key[3],
                                    .count = (uint8_t)count};
        unsigned char *to =
            putting_more(region, (size_t)MT_STRETCH_UNITS_2(count) * MT_STRETCH_UNIT);
        memcpy(to, &record, sizeof record);
        memcpy(to + sizeof record, draft->rises + draft->rise_at[id - 1], count * sizeof(uint64_t));
        memcpy(to + sizeof record + count * sizeof(uint64_t), from + sizeof key,
               length - sizeof key);
    }
}
