/* SPDX-License-Identifier: MIT */
#include "read/regions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/file.h"
#include "read/mapped.h"
#include "read/tables.h"

#define PAGE         4096u
#define NONE_ENTRIES 8u /* at the start of a region, never filled, counted as used */

/* Bytes of a region that are in the file without a gap, and for how many there is room. */
static uint64_t region_there(const struct log *log, unsigned region, size_t bytes,
                             uint64_t *reserved)
{
    uint64_t there = 0;
    bool gap = false;
    *reserved = 0;
    for (uint32_t i = 0; i < log->tables->header.extents_used; i++) {
        const struct mt_extent *extent = &log->tables->header.extents[i];
        uint64_t length = (uint64_t)extent->pages * PAGE;
        if (extent->region != region || !length)
            continue;
        *reserved += length;
        uint64_t in_file = extent->offset >= bytes           ? 0
                           : length > bytes - extent->offset ? bytes - extent->offset
                                                             : length;
        if (gap || !in_file) {
            gap = true;
            continue;
        }
        there += in_file;
        gap = in_file < length;
    }
    return there;
}

/* The parts of a region in the file that make up its first r->bytes bytes; their number. */
static size_t region_parts(const struct log *log, unsigned region, struct mapped_part *parts)
{
    uint64_t left = log->tables->regions[region].bytes;
    size_t count = 0;
    for (uint32_t i = 0; left && i < log->tables->header.extents_used; i++) {
        const struct mt_extent *extent = &log->tables->header.extents[i];
        uint64_t length = (uint64_t)extent->pages * PAGE;
        if (extent->region != region || !length)
            continue;
        length = length < left ? length : left;
        parts[count++] = (struct mapped_part){extent->offset, length};
        left -= length;
    }
    return count;
}

/* From memory: as it stands there where it is in one piece. */
static void region_copy(struct region *r, const struct mapped_part *parts, size_t count,
                        const unsigned char *data)
{
    if (count == 1) {
        r->data = data + parts[0].offset;
        return;
    }
    r->data = r->owned = base_alloc(1, r->bytes);
    for (size_t i = 0, done = 0; i < count; done += parts[i++].bytes)
        memcpy(r->owned + done, data + parts[i].offset, parts[i].bytes);
}

/* From the file: the two that are large, and of which each entry is read once, are mapped. Others are looked at more than once, so they must not
 * change. */
static void region_load(struct log *log, unsigned region, const struct mapped_part *parts,
                        size_t count, struct source *source)
{
    struct region *r = &log->tables->regions[region];
    if (region == MT_REGION_NODE || region == MT_REGION_COUNTER)
        r->data = mapped_make(source->fd, parts, count, &r->mapped);
    if (r->data)
        return;
    r->data = r->owned = base_alloc(1, r->bytes);
    for (size_t i = 0, done = 0; i < count && !source->failed; done += parts[i++].bytes) {
        size_t got = file_read_at(source->fd, r->owned + done, parts[i].bytes, parts[i].offset);
        source->failed = got < parts[i].bytes;
        if (source->failed)
            log_problem(log, parts[i].offset + got, "cannot be read: %s",
                        errno ? strerror(errno) : "the file has become shorter");
    }
}

uint32_t region_make(struct log *log, unsigned region, size_t entry, struct source *source)
{
    size_t bytes = source->bytes;
    struct region *r = &log->tables->regions[region];
    unsigned counted = region == MT_REGION_HELD_2 ? MT_REGION_COUNTER : region;
    uint64_t used = log->tables->header.used[counted] / (counted == region ? 1 : 2);
    uint64_t place = offsetof(struct mt_header, used) + counted * sizeof(uint64_t);
    uint64_t reserved;
    uint64_t there = region_there(log, region, bytes, &reserved);
    if (!reserved && used <= NONE_ENTRIES)
        used = 0; /* nothing was ever put there */
    if (used > reserved / entry) {
        log_problem(log, place, "region %u has %" PRIu64 " entries in use, but room for %" PRIu64,
                    region, used, reserved / entry);
        used = reserved / entry;
    }
    if (used > there / entry) {
        log_problem(log, bytes,
                    "the file ends inside region %u: %" PRIu64 " of %" PRIu64 " entries are there",
                    region, there / entry, used);
        log->truncated = true;
        used = there / entry;
    }
    if (used > UINT32_MAX)
        used = UINT32_MAX;
    r->bytes = used * entry;
    if (!r->bytes)
        return 0;
    struct mapped_part parts[MT_EXTENTS_MAX];
    size_t count = region_parts(log, region, parts);
    if (source->data)
        region_copy(r, parts, count, source->data);
    else
        region_load(log, region, parts, count, source);
    return (uint32_t)used;
}

void region_free(struct region *r)
{
    if (r->mapped)
        mapped_free(r->data, r->mapped);
    free(r->owned);
    *r = (struct region){0};
}

void tables_give_back(struct log *log)
{
    static const unsigned char taken[] = {MT_REGION_NODE,    MT_REGION_COUNTER, MT_REGION_RUN,
                                          MT_REGION_STRETCH, MT_REGION_FINISH,  MT_REGION_HELD_2};
    struct tables *t = log->tables;
    for (size_t i = 0; i < sizeof taken; i++) {
        region_free(&t->regions[taken[i]]);
    }
    t->nodes = NULL;
    t->units = NULL;
    t->runs = NULL;
    t->stretches = NULL;
    t->finishes = NULL;
    t->held = NULL;
    t->node_count = t->unit_count = t->run_count = t->stretch_units = t->finish_count = 0;
    t->held_count = 0;
}

void tables_rest(struct log *log)
{
    for (unsigned i = 0; log->tables && i < MT_REGION_COUNT; i++) {
        const struct region *r = &log->tables->regions[i];
        if (r->mapped)
            mapped_rest(r->data, r->mapped);
    }
}
