/* SPDX-License-Identifier: MIT */
#include "read/snapshot.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../interpose/format.h"
#include "base/file.h"
#include "read/counters.h"

#define PAGE 4096u

struct snapshot {
    int fd;
    unsigned char *data;
    size_t bytes;
    struct mt_header header;       /* as it was read last */
    uint64_t used[MT_REGION_USED]; /* of the regions that have been read */
};

/* The header as it is now, and room for all that it says is there. */
static bool look_again(struct snapshot *s)
{
    if (file_read_at(s->fd, &s->header, sizeof s->header, 0) < sizeof s->header)
        return false;
    size_t size = file_size(s->fd);
    if (size > s->bytes) {
        unsigned char *grown = realloc(s->data, size);
        if (!grown)
            return false;
        memset(grown + s->bytes, 0, size - s->bytes);
        s->data = grown;
        s->bytes = size;
    }
    if (s->header.extents_used > MT_EXTENTS_MAX)
        s->header.extents_used = MT_EXTENTS_MAX;
    return true;
}

/* The part of extent `i` that is in the file, if it is one of the region. */
static size_t extent_bytes(const struct snapshot *s, uint32_t i, unsigned region)
{
    const struct mt_extent *e = &s->header.extents[i];
    uint64_t length = (uint64_t)e->pages * PAGE;
    if (e->region != region || e->offset < MT_HEADER_BYTES || e->offset >= s->bytes)
        return 0;
    return length < s->bytes - e->offset ? (size_t)length : (size_t)(s->bytes - e->offset);
}

static bool read_region(struct snapshot *s, unsigned region)
{
    if (!look_again(s))
        return false;
    if (region < MT_REGION_USED)
        s->used[region] = s->header.used[region];
    for (uint32_t i = 0; i < s->header.extents_used; i++) {
        size_t length = extent_bytes(s, i, region);
        uint64_t offset = s->header.extents[i].offset;
        if (length && file_read_at(s->fd, s->data + offset, length, offset) < length)
            return false;
    }
    return true;
}

/* ---- Counters, of version 2 ---- */

static uint32_t kind_of(const unsigned char *unit)
{
    uint32_t link;
    memcpy(&link, unit, sizeof link);
    return MT_LINK_KIND(link);
}

/* A release counts as it was before; one that was not there then does not count. */
static void put_back(unsigned char *unit, const unsigned char *before)
{
    struct mt_release record;
    if (!counter_is_release(kind_of(unit)))
        return;
    if (before && kind_of(before) == kind_of(unit)) {
        memcpy(unit, before, MT_UNIT_2);
        return;
    }
    memcpy(&record, unit, sizeof record);
    record.releases = 0;
    record.released = 0;
    memcpy(unit, &record, sizeof record);
}

/* What a record was linked to before, is there now: links may change. What was not there before can't be reached. */
static void put_link_back(unsigned char *unit, const unsigned char *before)
{
    if (kind_of(before) == kind_of(unit))
        memcpy(unit, before, sizeof(uint32_t));
}

static bool is_pair(uint32_t kind)
{
    return (kind >= MT_KIND_ALLOC && kind < MT_KIND_ALLOC + MT_CLASSES) || kind == MT_KIND_SIZES ||
           kind == MT_KIND_2_LARGE;
}

/* `before`: the region's first `bytes` bytes, as they were earlier. Units come in pairs; one may be the second half of an
 * mt_alloc or an mt_sizes, and two pairs are an mt_large. */
static void as_before_2(struct snapshot *s, const unsigned char *before, size_t bytes)
{
    size_t done = 0, skip = 0;
    for (uint32_t i = 0; i < s->header.extents_used; i++) {
        size_t length = extent_bytes(s, i, MT_REGION_COUNTER);
        if (!length) /* a damaged log's may be anywhere */
            continue;
        unsigned char *extent = s->data + s->header.extents[i].offset;
        for (size_t at = 0; at + 2 * MT_UNIT_2 <= length;
             at += 2 * MT_UNIT_2, done += 2 * MT_UNIT_2) {
            uint32_t kind = kind_of(extent + at);
            bool there = done + 2 * MT_UNIT_2 <= bytes;
            if (skip) {
                skip--;
                continue;
            }
            if (kind == MT_KIND_2_LARGE)
                skip = 1; /* it has another pair */
            if (is_pair(kind)) {
                if (there)
                    put_link_back(extent + at, before + done);
                continue;
            }
            put_back(extent + at, there ? before + done : NULL);
            put_back(extent + at + MT_UNIT_2, there ? before + done + MT_UNIT_2 : NULL);
        }
    }
}

/* ---- Counters of the present version: along the chains, as what is not filled in yet tells no length ---- */

static size_t region_bytes(const struct snapshot *s, unsigned region)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < s->header.extents_used; i++)
        bytes += extent_bytes(s, i, region);
    return bytes;
}

/* The region in one piece, to be freed; NULL: no memory, or more than the whole file has: extents that overlap, which the reader
 * refuses. */
static unsigned char *gather(const struct snapshot *s, unsigned region, size_t *bytes)
{
    size_t done = 0;
    *bytes = region_bytes(s, region);
    unsigned char *all = *bytes <= s->bytes ? malloc(*bytes ? *bytes : 1) : NULL;
    for (uint32_t i = 0; all && i < s->header.extents_used; i++) {
        size_t length = extent_bytes(s, i, region);
        if (length)
            memcpy(all + done, s->data + s->header.extents[i].offset, length);
        done += length;
    }
    return all;
}

static void scatter(struct snapshot *s, unsigned region, const unsigned char *all)
{
    for (uint32_t i = 0; i < s->header.extents_used; i++) {
        size_t length = extent_bytes(s, i, region);
        if (length)
            memcpy(s->data + s->header.extents[i].offset, all, length);
        all += length;
    }
}

static bool has_moved(const unsigned char *record)
{
    struct mt_small small;
    memcpy(&small, record, sizeof small);
    return small.gone & MT_SMALL_MOVED;
}

/* One record: a release counts as it was before. So does a small record that has moved since, as what it moved to can't be reached. Of the
 * others the link is as it was before: what it led to is there now. Returns that link. */
static uint32_t record_as_before(unsigned char *now, const unsigned char *before, size_t bytes)
{
    uint32_t link, kind = kind_of(before);
    memcpy(&link, before, sizeof link);
    if (kind != kind_of(now))
        return 0;
    bool whole = counter_is_release(kind) || kind == MT_KIND_SMALL_RELEASE ||
                 (kind == MT_KIND_SMALL && has_moved(now) && !has_moved(before));
    memcpy(now, before, whole ? bytes : sizeof link);
    return link;
}

/* `before`: the region's first `bytes` bytes, as they were earlier. In all, no more steps than there are units: a damaged log's chains
 * may be circles. */
static bool as_before(struct snapshot *s, const unsigned char *before, size_t bytes)
{
    size_t length, now_length;
    unsigned char *nodes = gather(s, MT_REGION_NODE, &length),
                  *now = gather(s, MT_REGION_COUNTER, &now_length);
    size_t left = bytes / MT_UNIT, units = (bytes < now_length ? bytes : now_length) / MT_UNIT;
    for (size_t at = 0; nodes && now && at + sizeof(struct mt_node) <= length;
         at += sizeof(struct mt_node)) {
        struct mt_node node;
        memcpy(&node, nodes + at, sizeof node);
        for (uint32_t unit = node.counters, link; unit && unit < units && left; left--) {
            size_t from = (size_t)unit * MT_UNIT;
            uint32_t kind = kind_of(before + from), takes = counter_units(MT_VERSION, kind);
            if (!kind || takes > units - unit)
                break;
            link = record_as_before(now + from, before + from, (size_t)takes * MT_UNIT);
            unit = MT_LINK_NEXT(link);
        }
    }
    bool done = nodes && now;
    if (done)
        scatter(s, MT_REGION_COUNTER, now);
    free(nodes);
    free(now);
    return done;
}

static bool read_counters(struct snapshot *s)
{
    size_t bytes;
    if (!read_region(s, MT_REGION_COUNTER))
        return false;
    unsigned char *before = gather(s, MT_REGION_COUNTER, &bytes);
    if (!before)
        return false;
    bool read = read_region(s, MT_REGION_HELD_2) && read_region(s, MT_REGION_COUNTER);
    if (read && s->header.version == MT_VERSION_2)
        as_before_2(s, before, bytes);
    else if (read)
        read = as_before(s, before, bytes);
    free(before);
    return read;
}

/* ---- */

/* What refers to others first: open runs and stretches to nodes, what was live at the finish to
 * counters, nodes to counters and frames, frames to records. */
static bool read_all(struct snapshot *s)
{
    static const enum mt_region first[] = {MT_REGION_THREAD,  MT_REGION_RUN,    MT_REGION_TIMELINE,
                                           MT_REGION_STRETCH, MT_REGION_FINISH, MT_REGION_NODE};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        if (!read_region(s, first[i]))
            return false;
    return read_counters(s) && read_region(s, MT_REGION_FRAME) && read_region(s, MT_REGION_RECORD);
}

unsigned char *snapshot_take(int fd, unsigned char *data, size_t *bytes)
{
    struct snapshot s = {.fd = fd, .data = data, .bytes = *bytes};
    if (*bytes < sizeof s.header)
        return data;
    memcpy(&s.header, data, sizeof s.header);
    if (memcmp(s.header.magic, MT_MAGIC, sizeof s.header.magic) ||
        s.header.byte_order != MT_BYTE_ORDER || !tables_version_known(s.header.version) ||
        s.header.end != MT_END_UNKNOWN)
        return data;
    bool read = read_all(&s);
    if (read) {
        memcpy(s.header.used, s.used, sizeof s.used);
        memcpy(s.data, &s.header, sizeof s.header);
    }
    *bytes = s.bytes;
    return s.data;
}
