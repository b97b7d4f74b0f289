/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "records.h"
#include "snapshot.h"

#define PAGE         4096u
#define NONE_ENTRIES 2u /* at the start of a region, never filled, counted as used */

static void log_problem_va(struct log *log, uint64_t offset, const char *format, va_list args)
{
    if (log->problem_count < LOG_PROBLEMS_KEPT) {
        struct log_problem *problem = &log->problems[log->problem_count];
        problem->offset = offset;
        vsnprintf(problem->reason, sizeof problem->reason, format, args);
    }
    log->problem_count++;
}

__attribute__((format(printf, 3, 4))) static bool log_problem(struct log *log, uint64_t offset,
                                                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_problem_va(log, offset, format, args);
    va_end(args);
    return false;
}

/* Where byte `at` of a region stands in the file; extents were checked when the region was made. */
static uint64_t log_offset(const struct log *log, enum mt_region region, uint64_t at)
{
    for (uint32_t i = 0; i < MT_EXTENTS_MAX && i < log->header.extents_used; i++) {
        const struct mt_extent *extent = &log->header.extents[i];
        uint64_t bytes = (uint64_t)extent->pages * PAGE;
        if (extent->region != region || !bytes)
            continue;
        if (at < bytes)
            return extent->offset + at;
        at -= bytes;
    }
    return 0;
}

void log_problem_in(struct log *log, enum mt_region region, uint64_t at, const char *format, ...)
{
    uint64_t offset = log->problem_count < LOG_PROBLEMS_KEPT ? log_offset(log, region, at) : 0;
    va_list args;
    va_start(args, format);
    log_problem_va(log, offset, format, args);
    va_end(args);
}

bool log_say_problems(const struct log *log)
{
    for (uint64_t i = 0; i < log->problem_count && i < LOG_PROBLEMS_KEPT; i++)
        base_say("%s: offset %" PRIu64 ": %s", log->name, log->problems[i].offset,
                 log->problems[i].reason);
    if (log->problem_count > LOG_PROBLEMS_KEPT)
        base_say("%s: and %" PRIu64 " more problems", log->name,
                 log->problem_count - LOG_PROBLEMS_KEPT);
    return log->problem_count > 0;
}

/* The header's fields that decide whether the rest can be read. */
static bool log_header(struct log *log, const void *data, size_t bytes)
{
    struct mt_header *header = &log->header;
    size_t head = bytes < sizeof *header ? bytes : sizeof *header;
    memcpy(header, data, head);
    if (bytes == 0)
        return log_problem(log, 0, "not a memtrace log (the file is empty)");
    if (bytes < sizeof header->magic || memcmp(header->magic, MT_MAGIC, sizeof header->magic)) {
        char hex[32] = "";
        for (size_t i = 0; i < sizeof header->magic && i < bytes; i++)
            snprintf(hex + 3 * i, 4, "%02x ", ((const unsigned char *)data)[i]);
        return log_problem(log, 0, "not a memtrace log (magic %.*s)", (int)strlen(hex) - 1, hex);
    }
    if (bytes < sizeof *header)
        return log_problem(log, bytes, "the file ends inside the header (%zu of %zu bytes)", bytes,
                           sizeof *header);
    if (header->byte_order != MT_BYTE_ORDER)
        return log_problem(log, offsetof(struct mt_header, byte_order),
                           "byte order %08" PRIx32 " is not this machine's", header->byte_order);
    if (header->version != MT_VERSION)
        return log_problem(log, offsetof(struct mt_header, version),
                           "version %" PRIu32 " is not known here (this memtrace reads version %u)",
                           header->version, MT_VERSION);
    if (header->header_bytes != MT_HEADER_BYTES)
        return log_problem(log, offsetof(struct mt_header, header_bytes),
                           "header of %" PRIu32 " bytes instead of %u", header->header_bytes,
                           MT_HEADER_BYTES);
    return true;
}

static int extent_order(const void *a, const void *b)
{
    const struct mt_extent *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Two extents over the same bytes would let a small file stand for much memory. */
static bool log_extents_overlap(struct log *log)
{
    struct mt_extent sorted[MT_EXTENTS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < log->header.extents_used; i++)
        if (log->header.extents[i].pages)
            sorted[count++] = log->header.extents[i];
    qsort(sorted, count, sizeof sorted[0], extent_order);
    for (uint32_t i = 0; i + 1 < count; i++)
        if (sorted[i + 1].offset - sorted[i].offset < (uint64_t)sorted[i].pages * PAGE) {
            log_problem(log, offsetof(struct mt_header, extents),
                        "the extents at %" PRIu64 " and %" PRIu64 " overlap", sorted[i].offset,
                        sorted[i + 1].offset);
            return true;
        }
    return false;
}

/* Check the directory; an extent that cannot be is emptied (pages = 0). */
static bool log_extents(struct log *log)
{
    struct mt_header *header = &log->header;
    if (header->extents_used > MT_EXTENTS_MAX) {
        log_problem(log, offsetof(struct mt_header, extents_used),
                    "%" PRIu32 " extents where %u is the most", header->extents_used,
                    MT_EXTENTS_MAX);
        header->extents_used = MT_EXTENTS_MAX;
    }
    for (uint32_t i = 0; i < header->extents_used; i++) {
        struct mt_extent *extent = &header->extents[i];
        uint64_t place = offsetof(struct mt_header, extents) + i * sizeof *extent;
        if (!extent->pages)
            continue;
        const char *wrong = NULL;
        if (extent->region == 0 || extent->region >= MT_REGION_COUNT)
            wrong = "a region that is not known";
        else if (extent->offset < MT_HEADER_BYTES || extent->offset % PAGE ||
                 extent->offset > (uint64_t)INT64_MAX - (uint64_t)UINT32_MAX * PAGE)
            wrong = "an offset that cannot be";
        if (wrong) {
            log_problem(log, place,
                        "extent %" PRIu32 " has %s (region %" PRIu32 ", offset %" PRIu64 ")", i,
                        wrong, extent->region, extent->offset);
            extent->pages = 0;
        }
    }
    return !log_extents_overlap(log);
}

/* Bytes of a region that are in the file without a gap, and in how many extents. */
static uint64_t region_there(const struct log *log, unsigned region, size_t bytes, unsigned *pieces,
                             uint64_t *reserved)
{
    uint64_t there = 0;
    bool gap = false;
    *pieces = 0;
    *reserved = 0;
    for (uint32_t i = 0; i < log->header.extents_used; i++) {
        const struct mt_extent *extent = &log->header.extents[i];
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
        ++*pieces;
        gap = in_file < length;
    }
    return there;
}

/* Put one region together: `entry` bytes an entry. Returns the number of whole entries. */
static uint32_t log_region(struct log *log, unsigned region, size_t entry, const void *data,
                           size_t bytes)
{
    struct log_region *r = &log->regions[region];
    uint64_t used = log->header.used[region];
    uint64_t place = offsetof(struct mt_header, used) + region * sizeof(uint64_t);
    unsigned pieces;
    uint64_t reserved;
    uint64_t there = region_there(log, region, bytes, &pieces, &reserved);
    if (!reserved && used <= NONE_ENTRIES)
        used = 0; /* nothing was ever put there */
    if (used > reserved / entry) {
        log_problem(log, place,
                    "region %u has %" PRIu64 " entries in use, but room for %" PRIu64 " only",
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
    if (pieces > 1)
        r->owned = base_alloc(1, r->bytes);
    uint64_t done = 0;
    for (uint32_t i = 0; done < r->bytes && i < log->header.extents_used; i++) {
        const struct mt_extent *extent = &log->header.extents[i];
        uint64_t length = (uint64_t)extent->pages * PAGE;
        if (extent->region != region || !length)
            continue;
        if (length > r->bytes - done)
            length = r->bytes - done;
        const unsigned char *from = (const unsigned char *)data + extent->offset;
        if (r->owned)
            memcpy(r->owned + done, from, length);
        else
            r->data = from;
        done += length;
    }
    if (r->owned)
        r->data = r->owned;
    return (uint32_t)used;
}

bool log_parse(struct log *log, const char *name, const void *data, size_t bytes)
{
    *log = (struct log){.name = name};
    if (!log_header(log, data, bytes) || !log_extents(log))
        return false;
    if (log->header.file_bytes > bytes) {
        log->truncated = true;
        log_problem(log, bytes, "the file is cut short: %zu of %" PRIu64 " bytes are there", bytes,
                    log->header.file_bytes);
    }
    struct log_region *r = log->regions;
    log->node_count = log_region(log, MT_REGION_NODE, sizeof *log->nodes, data, bytes);
    log->unit_count = log_region(log, MT_REGION_COUNTER, MT_UNIT, data, bytes);
    log->frame_count = log_region(log, MT_REGION_FRAME, sizeof *log->frames, data, bytes);
    log->thread_count = log_region(log, MT_REGION_THREAD, sizeof *log->threads, data, bytes);
    log->run_count = log_region(log, MT_REGION_RUN, sizeof *log->runs, data, bytes);
    log->sample_count = log_region(log, MT_REGION_TIMELINE, sizeof *log->samples, data, bytes);
    log_region(log, MT_REGION_RECORD, 1, data, bytes);
    log->nodes = (const struct mt_node *)(const void *)r[MT_REGION_NODE].data;
    log->units = r[MT_REGION_COUNTER].data;
    log->frames = (const struct mt_frame_entry *)(const void *)r[MT_REGION_FRAME].data;
    log->threads = (const struct mt_thread_entry *)(const void *)r[MT_REGION_THREAD].data;
    log->runs = (const struct mt_run *)(const void *)r[MT_REGION_RUN].data;
    log->samples = (const struct mt_sample *)(const void *)r[MT_REGION_TIMELINE].data;
    records_read(log);
    return true;
}

/* The whole file in memory; NULL after a problem was added. */
static void *log_load(struct log *log, int fd, size_t size, size_t *bytes)
{
    unsigned char *data = malloc(size ? size : 1);
    if (!data) {
        log_problem(log, 0, "no memory for its %zu bytes", size);
        return NULL;
    }
    *bytes = file_read(fd, data, size);
    if (*bytes == size || !errno)
        return snapshot_take(fd, data, bytes);
    log_problem(log, *bytes, "cannot be read: %s", strerror(errno));
    free(data);
    return NULL;
}

bool log_read(struct log *log, const char *name)
{
    *log = (struct log){.name = name};
    struct stat info;
    int fd = file_open(AT_FDCWD, name, &info);
    if (fd < 0 && errno)
        return log_problem(log, 0, "cannot be opened: %s", strerror(errno));
    if (fd < 0)
        return log_problem(log, 0, "not a regular file");
    size_t bytes = 0;
    void *data = log_load(log, fd, (size_t)info.st_size, &bytes);
    close(fd);
    if (!data)
        return false;
    bool read = log_parse(log, name, data, bytes);
    log->file = data;
    return read;
}

void log_close(struct log *log)
{
    for (unsigned i = 0; i < MT_REGION_COUNT; i++)
        free(log->regions[i].owned);
    free(log->modules);
    free(log->strings);
    free(log->codes);
    free(log->sources);
    free(log->lines);
    free(log->notes);
    free(log->marks);
    free(log->file);
    *log = (struct log){0};
}
