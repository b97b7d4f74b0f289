/* SPDX-License-Identifier: MIT */
#include "read/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"
#include "pack/pack.h"
#include "read/records.h"
#include "read/regions.h"
#include "read/snapshot.h"
#include "read/tables.h"

#define PAGE 4096u

/* The header's fields that decide whether the rest can be read. */
static bool log_header(struct log *log, const void *data, size_t bytes)
{
    struct mt_header *header = &log->tables->header;
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
                           "byte order %08" PRIx32 " is not that of this machine",
                           header->byte_order);
    if (!tables_version_known(header->version))
        return log_problem(log, offsetof(struct mt_header, version),
                           "version %" PRIu32
                           " is unknown (this memtrace reads versions %u and %u)",
                           header->version, MT_VERSION_2, MT_VERSION);
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
    for (uint32_t i = 0; i < log->tables->header.extents_used; i++)
        if (log->tables->header.extents[i].pages)
            sorted[count++] = log->tables->header.extents[i];
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

/* Check the directory; an impossible extent is emptied (pages = 0). */
static bool log_extents(struct log *log)
{
    struct mt_header *header = &log->tables->header;
    if (header->extents_used > MT_EXTENTS_MAX) {
        log_problem(log, offsetof(struct mt_header, extents_used),
                    "%" PRIu32 " extents, more than the %u that are possible", header->extents_used,
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
            wrong = "an unknown region";
        else if (extent->offset < MT_HEADER_BYTES || extent->offset % PAGE ||
                 extent->offset > (uint64_t)INT64_MAX - (uint64_t)UINT32_MAX * PAGE)
            wrong = "an impossible offset";
        if (wrong) {
            log_problem(log, place,
                        "extent %" PRIu32 " has %s (region %" PRIu32 ", offset %" PRIu64 ")", i,
                        wrong, extent->region, extent->offset);
            extent->pages = 0;
        }
    }
    return !log_extents_overlap(log);
}

/* What the header says, in this program's terms. */
static void header_take(struct log_header *to, const struct mt_header *from)
{
    *to = (struct log_header){
        .pid = from->pid,
        .parent_pid = from->parent_pid,
        .host = {from->host, (uint32_t)strnlen(from->host, sizeof from->host)},
        .start_real = from->start_real,
        .process_start = from->process_start,
        .start_exact = from->process_start & MT_START_EXACT,
        .inherited = from->inherited,
        .inherited_released = from->inherited_released,
        .inherited_releases = from->inherited_releases,
        .untraced = from->untraced,
        .untraced_first = {from->untraced_first,
                           (uint32_t)strnlen(from->untraced_first, sizeof from->untraced_first)},
        .start_ticks = from->start_ticks,
        .end = from->end == MT_END_EXIT   ? LOG_END_EXIT
               : from->end == MT_END_EXEC ? LOG_END_EXEC
                                          : LOG_END_UNKNOWN,
        .exit_status = from->exit_status,
        .end_time = from->end_time,
        .level = from->level,
        .peak = from->peak,
        .peak_before = from->peak_before,
        .peak_time = from->peak_time,
        .period = from->period,
        .dropped_events = from->dropped_events,
        .dropped_bytes = from->dropped_bytes,
        .unknown_releases = from->unknown_releases,
        .cut_stacks = from->cut_stacks,
        .python_missed = from->python_missed,
        .finished = from->finish_time != 0,
        .finish_time = from->finish_time,
        .live = from->finish_time ? from->finish_level : from->level,
        .rise_floor = from->rise_floor,
        .python_arenas = from->python_arenas,
        .python_arenas_peak = from->python_arenas_peak,
        .full = from->flags & MT_FLAG_FULL,
        .fallback = from->flags & MT_FLAG_FALLBACK,
        .python = from->flags & MT_FLAG_PYTHON,
        .threads = from->flags & MT_FLAG_THREADS,
        .sizes = from->flags & MT_FLAG_SIZES,
        .slack = from->flags & MT_FLAG_SLACK,
        .held = from->flags & MT_FLAG_HELD,
        .ended = from->flags & MT_FLAG_ENDED,
        .origin = from->origin == MT_ORIGIN_MERGED     ? LOG_MERGED
                  : from->origin == MT_ORIGIN_IMPORTED ? LOG_IMPORTED
                                                       : LOG_OF_PROCESS,
        .processes = from->processes};
    _Static_assert((int)CLASS_HEAP == MT_HEAP && (int)CLASS_ANON == MT_ANON &&
                       (int)CLASS_FILE == MT_FILE && (int)CLASS_RESERVED == MT_RESERVED &&
                       (int)CLASSES == MT_CLASSES,
                   "classes");
    for (unsigned c = 0; c < CLASSES; c++)
        to->class_level[c] = (struct log_level){
            from->class_level[c].level, from->class_level[c].peak,
            from->finish_time ? from->finish_class[c] : from->class_level[c].level};
}

static void samples_take(struct log *log, const struct mt_sample *raw, uint32_t count)
{
    log->samples = base_alloc(count, sizeof *log->samples);
    log->sample_count = count;
    for (uint32_t i = 0; i < count; i++)
        log->samples[i] =
            (struct log_sample){raw[i].time, raw[i].level, raw[i].level_max, raw[i].resident};
}

/* `head`: the first bytes, as many as a header has, or all of them. */
static bool parse(struct log *log, const char *name, const void *head, struct source *source)
{
    size_t bytes = source->bytes;
    *log = (struct log){.name = name, .tables = base_alloc(1, sizeof *log->tables)};
    if (!log_header(log, head, bytes) || !log_extents(log))
        return false;
    struct tables *t = log->tables;
    if (t->header.file_bytes > bytes) {
        log->truncated = true;
        log_problem(log, bytes, "the file is cut short: %zu of %" PRIu64 " bytes are there", bytes,
                    t->header.file_bytes);
    }
    header_take(&log->header, &t->header);
    const struct region *r = t->regions;
    t->node_bytes =
        t->header.version == MT_VERSION_2 ? sizeof(struct mt_node_2) : sizeof(struct mt_node);
    t->node_count = region_make(log, MT_REGION_NODE, t->node_bytes, source);
    t->unit_bytes = t->header.version == MT_VERSION_2 ? MT_UNIT_2 : MT_UNIT;
    t->unit_count = region_make(log, MT_REGION_COUNTER, t->unit_bytes, source);
    t->frame_count = region_make(log, MT_REGION_FRAME, sizeof *t->frames, source);
    t->thread_count = region_make(log, MT_REGION_THREAD, sizeof *t->threads, source);
    t->run_count = region_make(log, MT_REGION_RUN, sizeof *t->runs, source);
    t->stretch_units = region_make(log, MT_REGION_STRETCH, sizeof *t->stretches, source);
    t->finish_count = region_make(log, MT_REGION_FINISH, sizeof *t->finishes, source);
    if (log->header.held && t->header.version == MT_VERSION_2)
        t->held_count = region_make(log, MT_REGION_HELD_2, sizeof *t->held, source);
    uint32_t samples = region_make(log, MT_REGION_TIMELINE, sizeof(struct mt_sample), source);
    region_make(log, MT_REGION_RECORD, 1, source);
    t->nodes = r[MT_REGION_NODE].data;
    t->units = r[MT_REGION_COUNTER].data;
    t->frames = (const struct mt_frame_entry *)(const void *)r[MT_REGION_FRAME].data;
    t->threads = (const struct mt_thread_entry *)(const void *)r[MT_REGION_THREAD].data;
    t->runs = (const struct mt_run *)(const void *)r[MT_REGION_RUN].data;
    t->stretches = (const struct mt_stretch *)(const void *)r[MT_REGION_STRETCH].data;
    t->finishes = (const struct mt_finish *)(const void *)r[MT_REGION_FINISH].data;
    t->held = (const uint32_t *)(const void *)r[MT_REGION_HELD_2].data;
    samples_take(log, (const struct mt_sample *)(const void *)r[MT_REGION_TIMELINE].data, samples);
    log->frame_count = t->frame_count;
    records_read(log);
    return true;
}

bool log_parse(struct log *log, const char *name, const void *data, size_t bytes)
{
    return parse(log, name, data, &(struct source){.data = data, .bytes = bytes});
}

bool log_is(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool is = fd >= 0 && (log_begins(fd) || pack_begins(fd));
    if (fd >= 0)
        close(fd);
    return is;
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

/* The pages of the file that were put together elsewhere: a large log would stand in memory twice. Extents don't overlap. */
static void give_back(const struct log *log, unsigned char *data, size_t bytes)
{
    for (uint32_t i = 0; i < log->tables->header.extents_used; i++) {
        const struct mt_extent *extent = &log->tables->header.extents[i];
        uint64_t length = (uint64_t)extent->pages * PAGE;
        if (!length || extent->offset >= bytes || !log->tables->regions[extent->region].owned)
            continue;
        length = length < bytes - extent->offset ? length : bytes - extent->offset;
        unsigned char *from = data + extent->offset, *end = from + length;
        from += (PAGE - (uintptr_t)from % PAGE) % PAGE; /* whole pages alone */
        end -= (uintptr_t)end % PAGE;
        if (from < end)
            madvise(from, (size_t)(end - from), MADV_DONTNEED);
    }
}

/* A packed file. */
static bool log_unpack(struct log *log, int fd, size_t size)
{
    const char *name = log->name;
    struct pack_problem problem;
    struct pack_part part;
    struct pack *pack = pack_read(fd, size, &problem);
    if (!pack)
        return log_problem(log, problem.offset, "%s", problem.reason);
    bool there = pack_find(pack, PACK_LOG, "", &part);
    bool read = there && log_parse(log, name, part.data, part.bytes);
    log->pack = pack;
    return there ? read : log_problem(log, 0, "the packed file has no log in it");
}

/* Nobody writes to it any more. */
static bool is_settled(const struct mt_header *head)
{
    return head->end != MT_END_UNKNOWN || head->origin == MT_ORIGIN_MERGED ||
           head->origin == MT_ORIGIN_IMPORTED;
}

bool log_read(struct log *log, const char *name)
{
    *log = (struct log){.name = name};
    struct stat info;
    int fd = file_open(AT_FDCWD, name, &info);
    if (fd < 0 && errno)
        return log_problem(log, LOG_NOWHERE, "cannot be opened: %s", strerror(errno));
    if (fd < 0)
        return log_problem(log, LOG_NOWHERE, "not a regular file");
    if (pack_begins(fd)) {
        bool read = log_unpack(log, fd, (size_t)info.st_size);
        close(fd);
        return read;
    }
    struct source source = {.fd = fd, .bytes = (size_t)info.st_size};
    struct mt_header head;
    if (file_read(fd, &head, sizeof head) == sizeof head && is_settled(&head)) {
        bool read = parse(log, name, &head, &source);
        close(fd);
        return read;
    }
    size_t bytes = 0;
    void *data = log_load(log, fd, source.bytes, &bytes);
    close(fd);
    if (!data)
        return false;
    bool read = log_parse(log, name, data, bytes);
    log->file = data;
    if (read)
        give_back(log, data, bytes);
    return read;
}

void log_close(struct log *log)
{
    for (unsigned i = 0; log->tables && i < MT_REGION_COUNT; i++)
        region_free(&log->tables->regions[i]);
    free(log->tables);
    free(log->samples);
    free(log->modules);
    free(log->strings);
    free(log->codes);
    free(log->sources);
    free(log->files);
    free(log->lines);
    free(log->notes);
    free(log->marks);
    free(log->slacks);
    free(log->places);
    free(log->programs);
    free(log->file);
    pack_free(log->pack);
    *log = (struct log){0};
}
