/* SPDX-License-Identifier: MIT */
#include "log_builder.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

static void *append(struct builder *b, unsigned region, const void *data, size_t bytes)
{
    b->region[region] = realloc(b->region[region], b->bytes[region] + bytes + 1);
    void *at = b->region[region] + b->bytes[region];
    if (data)
        memcpy(at, data, bytes);
    else
        memset(at, 0, bytes);
    b->bytes[region] += bytes;
    return at;
}

void builder_start_of(struct builder *b, uint32_t version)
{
    *b = (struct builder){.header = {.version = version,
                                     .header_bytes = MT_HEADER_BYTES,
                                     .byte_order = MT_BYTE_ORDER,
                                     .pointer_bits = 64,
                                     .pid = 4711,
                                     .end = MT_END_EXIT}};
    memcpy(b->header.magic, MT_MAGIC, 8);
    append(b, MT_REGION_NODE, NULL, sizeof(struct mt_node));
    append(b, MT_REGION_COUNTER, NULL, version == MT_VERSION_2 ? MT_UNIT_2 : 2 * MT_UNIT);
    append(b, MT_REGION_FRAME, NULL, sizeof(struct mt_frame_entry));
    append(b, MT_REGION_THREAD, NULL, sizeof(struct mt_thread_entry));
    append(b, MT_REGION_RUN, NULL, sizeof(struct mt_run));
    append(b, MT_REGION_STRETCH, NULL, sizeof(struct mt_stretch));
    append(b, MT_REGION_FINISH, NULL, sizeof(struct mt_finish));
}

void builder_start(struct builder *b)
{
    builder_start_of(b, MT_VERSION);
}

uint32_t builder_frame(struct builder *b, uint32_t kind, uint32_t owner, uint64_t value)
{
    struct mt_frame_entry entry = {.value = value, .owner = owner, .kind = kind};
    size_t count = b->bytes[MT_REGION_FRAME] / sizeof entry;
    for (size_t i = 1; i < count; i++)
        if (!memcmp(b->region[MT_REGION_FRAME] + i * sizeof entry, &entry, sizeof entry))
            return (uint32_t)i;
    append(b, MT_REGION_FRAME, &entry, sizeof entry);
    return (uint32_t)count;
}

struct mt_node *builder_node_at(struct builder *b, uint32_t node)
{
    return (struct mt_node *)(void *)b->region[MT_REGION_NODE] + node;
}

uint32_t builder_node(struct builder *b, uint32_t parent, uint32_t frame)
{
    uint32_t count = (uint32_t)(b->bytes[MT_REGION_NODE] / sizeof(struct mt_node));
    for (uint32_t i = 1; i < count; i++)
        if (builder_node_at(b, i)->parent == parent && builder_node_at(b, i)->frame == frame)
            return i;
    struct mt_node node = {.parent = parent, .frame = frame};
    append(b, MT_REGION_NODE, &node, sizeof node);
    return count;
}

struct mt_thread_entry *builder_thread_entry(struct builder *b, uint32_t index)
{
    return (struct mt_thread_entry *)(void *)b->region[MT_REGION_THREAD] + index;
}

uint32_t builder_thread(struct builder *b, const char *name)
{
    uint32_t index = (uint32_t)(b->bytes[MT_REGION_THREAD] / sizeof(struct mt_thread_entry));
    struct mt_thread_entry entry = {.tid = 4711 + (int32_t)index, .started = 1};
    strncpy(entry.name, name, sizeof entry.name - 1);
    entry.root = builder_node(b, 0, builder_frame(b, MT_FRAME_THREAD, index, 0));
    append(b, MT_REGION_THREAD, &entry, sizeof entry);
    return entry.root;
}

static size_t unit_bytes(const struct builder *b)
{
    return b->header.version == MT_VERSION_2 ? MT_UNIT_2 : MT_UNIT;
}

static uint32_t units_of(const struct builder *b)
{
    return (uint32_t)(b->bytes[MT_REGION_COUNTER] / unit_bytes(b));
}

void builder_counter(struct builder *b, uint32_t node, uint32_t kind, const void *record)
{
    uint32_t unit = units_of(b);
    const struct mt_alloc *alloc = record;
    struct mt_alloc_2 old;
    size_t bytes = kind < MT_KIND_RELEASE              ? sizeof(struct mt_alloc)
                   : kind == MT_KIND_SIZES             ? sizeof(struct mt_sizes)
                   : b->header.version == MT_VERSION_2 ? MT_UNIT_2
                   : kind == MT_KIND_SMALL             ? sizeof(struct mt_small)
                   : kind == MT_KIND_SMALL_RELEASE     ? sizeof(struct mt_small_release)
                                                       : sizeof(struct mt_release);
    if (b->header.version == MT_VERSION_2 && kind < MT_KIND_RELEASE) {
        old = (struct mt_alloc_2){.allocs = alloc->allocs,
                                  .allocated = alloc->allocated,
                                  .gone = alloc->gone,
                                  .live_peak = alloc->live_peak,
                                  .saved = alloc->saved,
                                  .level = alloc->level,
                                  .last = alloc->last,
                                  .gone_count = alloc->gone_count,
                                  .saved_seq = alloc->saved_seq};
        record = &old;
        bytes = sizeof old;
    }
    unsigned char *at = append(b, MT_REGION_COUNTER, record, bytes);
    uint32_t link = kind | builder_node_at(b, node)->counters << 4;
    memcpy(at, &link, sizeof link);
    builder_node_at(b, node)->counters = unit;
}

uint32_t builder_large(struct builder *b, const struct mt_large *record)
{
    uint32_t unit = units_of(b);
    uint32_t link = b->header.version == MT_VERSION_2 ? MT_KIND_2_LARGE : MT_LARGE_LINK;
    memcpy(append(b, MT_REGION_COUNTER, record, sizeof *record), &link, sizeof link);
    return unit;
}

uint32_t builder_run(struct builder *b, const struct mt_run *run)
{
    append(b, MT_REGION_RUN, run, sizeof *run);
    return (uint32_t)(b->bytes[MT_REGION_RUN] / sizeof *run - 1);
}

void builder_stretch(struct builder *b, const struct mt_stretch *stretch, const uint32_t *sites,
                     const uint64_t *rises)
{
    uint32_t count = stretch->count;
    uint8_t kind = stretch->kind;
    bool second = b->header.version == MT_VERSION_2;
    for (uint32_t i = 0; i < count && !second && stretch->kind == MT_STRETCH_SET; i++)
        kind = rises[i] > UINT32_MAX ? MT_STRETCH_HIGH : kind;
    bool low = !second && kind == MT_STRETCH_SET;
    size_t units = second ? MT_STRETCH_UNITS_2(count) : MT_STRETCH_UNITS(kind, count);
    struct mt_stretch *at = append(b, MT_REGION_STRETCH, NULL, units * MT_STRETCH_UNIT);
    uint32_t *to = (uint32_t *)(at + 1);
    *at = *stretch;
    at->kind = kind;
    for (uint32_t i = 0; low && i < count; i++)
        to[i] = (uint32_t)rises[i];
    if (!low)
        memcpy(to, rises, count * sizeof *rises);
    memcpy(to + count * (low ? 1 : 2), sites, count * sizeof *sites);
}

void builder_rise(struct builder *b, uint32_t node, uint64_t rise, uint64_t alone)
{
    bool high = rise >= MT_RISE_HIGH, alone_high = alone >= MT_RISE_HIGH;
    struct mt_stretch record = {.parent = node, .kind = MT_STRETCH_NODE, .count = 2};
    if (high)
        builder_stretch(b, &record, (uint32_t[]){0, 0}, (uint64_t[]){rise, alone});
    builder_node_at(b, node)->rise = high ? MT_RISE_HIGH : (uint32_t)rise;
    builder_node_at(b, node)->alone = alone_high ? MT_RISE_HIGH : (uint32_t)alone;
}

/* A record whose fixed part is `fixed` and whose texts follow it back to back. */
static void record(struct builder *b, uint32_t kind, void *fixed, size_t fixed_bytes,
                   const char *const *texts, const size_t *lengths, size_t count)
{
    size_t bytes = fixed_bytes;
    for (size_t i = 0; i < count; i++)
        bytes += lengths[i];
    struct mt_record head = {.kind = kind, .bytes = (uint32_t)((bytes + 7) / 8 * 8)};
    memcpy(fixed, &head, sizeof head);
    unsigned char *at = append(b, MT_REGION_RECORD, NULL, head.bytes);
    memcpy(at, fixed, fixed_bytes);
    at += fixed_bytes;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, texts[i], lengths[i]);
        at += lengths[i];
    }
}

uint32_t builder_string(struct builder *b, const char *text)
{
    size_t length = strlen(text);
    struct mt_record_string fixed = {.id = ++b->strings, .bytes = (uint32_t)length};
    record(b, MT_RECORD_STRING, &fixed, sizeof fixed, &text, &length, 1);
    return fixed.id;
}

uint32_t builder_code(struct builder *b, const char *file, const char *name, uint32_t first_line)
{
    struct mt_record_code fixed = {.id = ++b->codes, .first_line = first_line};
    fixed.file = builder_string(b, file);
    fixed.name = builder_string(b, name);
    record(b, MT_RECORD_CODE, &fixed, sizeof fixed, NULL, NULL, 0);
    return fixed.id;
}

uint32_t builder_module(struct builder *b, const char *path, const char *build_id,
                        size_t build_id_bytes, uint64_t base)
{
    const char *texts[] = {build_id, path};
    size_t lengths[] = {build_id_bytes, strlen(path)};
    struct mt_record_module fixed = {.id = ++b->modules,
                                     .build_id_bytes = (uint32_t)build_id_bytes,
                                     .base = base,
                                     .start = base,
                                     .end = base + 0x100000,
                                     .path_bytes = (uint32_t)lengths[1]};
    record(b, MT_RECORD_MODULE, &fixed, sizeof fixed, texts, lengths, 2);
    return fixed.id;
}

void builder_stamp(struct builder *b, const struct mt_record_file *stamp)
{
    struct mt_record_file fixed = *stamp;
    record(b, MT_RECORD_FILE, &fixed, sizeof fixed, NULL, NULL, 0);
}

void builder_sample(struct builder *b, const struct mt_sample *sample)
{
    append(b, MT_REGION_TIMELINE, sample, sizeof *sample);
}

void builder_source(struct builder *b, uint32_t file, const char *text)
{
    size_t length = strlen(text);
    struct mt_record_source fixed = {.file = file, .bytes = (uint32_t)length};
    record(b, MT_RECORD_SOURCE, &fixed, sizeof fixed, &text, &length, 1);
}

void builder_mark(struct builder *b, uint32_t period, const char *name)
{
    size_t length = strlen(name);
    struct mt_record_mark fixed = {
        .period = period, .bytes = (uint32_t)length, .time = 5, .level = 100, .peak = 200};
    record(b, MT_RECORD_MARK, &fixed, sizeof fixed, &name, &length, 1);
}

void builder_lines(struct builder *b, uint32_t code, uint32_t first_line, uint32_t period,
                   const struct mt_line *lines, uint32_t count)
{
    const char *data = (const char *)lines;
    size_t bytes = count * sizeof *lines;
    struct mt_record_lines fixed = {
        .code = code, .first_line = first_line, .count = count, .period = period};
    record(b, MT_RECORD_LINES, &fixed, sizeof fixed, &data, &bytes, 1);
}

void builder_note(struct builder *b, const char *text)
{
    size_t length = strlen(text);
    struct mt_record_note fixed = {.severity = 1, .bytes = (uint32_t)length};
    record(b, MT_RECORD_NOTE, &fixed, sizeof fixed, &text, &length, 1);
}

void builder_process(struct builder *b, const char *exe, const char *cwd, const char *argv,
                     size_t argv_bytes)
{
    const char *texts[] = {exe, cwd, argv};
    size_t lengths[] = {strlen(exe), strlen(cwd), argv_bytes};
    struct mt_record_process fixed = {.exe_bytes = (uint32_t)lengths[0],
                                      .cwd_bytes = (uint32_t)lengths[1],
                                      .argv_bytes = (uint32_t)lengths[2]};
    record(b, MT_RECORD_PROCESS, &fixed, sizeof fixed, texts, lengths, 3);
}

struct piece {
    unsigned region;
    size_t from, bytes;
};

/* NODE as it is in version 2. Nothing can be added any more. */
static void nodes_of_version_2(struct builder *b)
{
    size_t count = b->bytes[MT_REGION_NODE] / sizeof(struct mt_node);
    struct mt_node_2 *old = calloc(count, sizeof *old);
    for (uint32_t i = 0; i < count; i++) {
        const struct mt_node *node = builder_node_at(b, i);
        old[i] = (struct mt_node_2){.parent = node->parent,
                                    .frame = node->frame,
                                    .counters = node->counters,
                                    .rise = node->rise,
                                    .alone = node->alone};
    }
    free(b->region[MT_REGION_NODE]);
    b->region[MT_REGION_NODE] = (unsigned char *)old;
    b->bytes[MT_REGION_NODE] = count * sizeof *old;
}

unsigned char *builder_file(struct builder *b, size_t *bytes)
{
    bool second = b->header.version == MT_VERSION_2;
    const size_t entry[MT_REGION_COUNT] = {1,
                                           second ? sizeof(struct mt_node_2)
                                                  : sizeof(struct mt_node),
                                           unit_bytes(b),
                                           16,
                                           1,
                                           128,
                                           32,
                                           32,
                                           16,
                                           16,
                                           4};
    if (second)
        nodes_of_version_2(b);
    struct piece pieces[2 * MT_REGION_COUNT];
    unsigned count = 0;
    size_t total = MT_HEADER_BYTES;
    for (unsigned r = 1; r < MT_REGION_COUNT; r++) {
        if (r < MT_REGION_USED)
            b->header.used[r] = b->bytes[r] / entry[r];
        size_t first = b->scatter && b->bytes[r] > PAGE ? PAGE : b->bytes[r];
        if (first)
            pieces[count++] = (struct piece){r, 0, first};
    }
    for (unsigned r = MT_REGION_COUNT; r-- > 1;)
        if (b->scatter && b->bytes[r] > PAGE)
            pieces[count++] = (struct piece){r, PAGE, b->bytes[r] - PAGE};
    memset(b->header.extents, 0, sizeof b->header.extents);
    for (unsigned i = 0; i < count; i++) {
        uint32_t pages = (uint32_t)((pieces[i].bytes + PAGE - 1) / PAGE);
        b->header.extents[i] = (struct mt_extent){total, pages, pieces[i].region};
        total += (size_t)pages * PAGE;
    }
    b->header.extents_used = count;
    b->header.file_bytes = total;
    unsigned char *file = calloc(1, total);
    memcpy(file, &b->header, sizeof b->header);
    for (unsigned i = 0; i < count; i++)
        memcpy(file + b->header.extents[i].offset, b->region[pieces[i].region] + pieces[i].from,
               pieces[i].bytes);
    *bytes = total;
    return file;
}

void builder_end(struct builder *b)
{
    for (unsigned r = 0; r < MT_REGION_COUNT; r++)
        free(b->region[r]);
}
