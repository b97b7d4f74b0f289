/* SPDX-License-Identifier: MIT
 *
 * A draft as a log: ../interpose/FORMAT.md. Of version 2, which has all that a draft has: its numbers are as large as they are, and no
 * record of it grows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "read/putting.h"

#define PAGE 4096u

/* ---- records ---- */

/* The record's beginning, of `head` bytes, with room for `texts` bytes behind it. */
static unsigned char *record(struct putting *p, uint32_t kind, const void *head, size_t bytes,
                             size_t texts)
{
    size_t length = (bytes + texts + 7) / 8 * 8;
    unsigned char *at = putting_more(&p->regions[MT_REGION_RECORD], length);
    struct mt_record begin = {kind, (uint32_t)length};
    memcpy(at, head, bytes);
    memcpy(at, &begin, sizeof begin);
    return at + bytes;
}

static const char *text_of(const struct draft *draft, uint32_t text, size_t *bytes)
{
    *bytes = 0;
    return text ? once_get(&draft->texts, text, bytes) : "";
}

static void put_process(struct putting *p)
{
    size_t exe, cwd, argv;
    const char *exe_text = text_of(p->draft, p->draft->exe, &exe),
               *cwd_text = text_of(p->draft, p->draft->cwd, &cwd),
               *argv_text = text_of(p->draft, p->draft->argv, &argv);
    struct mt_record_process head = {
        .exe_bytes = (uint32_t)exe, .cwd_bytes = (uint32_t)cwd, .argv_bytes = (uint32_t)argv};
    unsigned char *at = record(p, MT_RECORD_PROCESS, &head, sizeof head, exe + cwd + argv);
    memcpy(at, exe_text, exe);
    memcpy(at + exe, cwd_text, cwd);
    memcpy(at + exe + cwd, argv_text, argv);
}

static void put_modules(struct putting *p)
{
    uint64_t base = 0x10000000; /* made up, so that no two lie on one another */
    for (uint32_t id = 1; id <= p->draft->module_count; id++) {
        const struct draft_module *module = &p->draft->modules[id];
        uint64_t size = module->size < (uint64_t)1 << 40 ? module->size : (uint64_t)1 << 40;
        size_t path;
        const char *text = text_of(p->draft, module->path, &path);
        struct mt_record_module head = {.id = id,
                                        .build_id_bytes = module->build_id_bytes,
                                        .base = base,
                                        .start = base,
                                        .end = base + (size ? size : 1),
                                        .path_bytes = (uint32_t)path};
        unsigned char *at =
            record(p, MT_RECORD_MODULE, &head, sizeof head, module->build_id_bytes + path);
        memcpy(at, module->build_id, module->build_id_bytes);
        memcpy(at + module->build_id_bytes, text, path);
        base += (size + PAGE) / PAGE * PAGE;
        if (!module->stamp.known)
            continue;
        struct mt_record_file stamp = {.module = id,
                                       .bytes = module->stamp.bytes,
                                       .modified = module->stamp.modified,
                                       .hash = module->stamp.hash,
                                       .changes = module->stamp.changes};
        record(p, MT_RECORD_FILE, &stamp, sizeof stamp, 0);
    }
}

static void put_names(struct putting *p)
{
    const struct draft *draft = p->draft;
    size_t length;
    for (uint32_t id = 1; id <= draft->texts.count; id++) {
        const void *text = once_get(&draft->texts, id, &length);
        struct mt_record_string head = {.id = id, .bytes = (uint32_t)length};
        memcpy(record(p, MT_RECORD_STRING, &head, sizeof head, length), text, length);
    }
    for (uint32_t id = 1; id <= draft->codes.count; id++) {
        uint32_t key[3];
        memcpy(key, once_get(&draft->codes, id, &length), sizeof key);
        struct mt_record_code head = {
            .id = id, .file = key[0], .name = key[1], .first_line = key[2]};
        record(p, MT_RECORD_CODE, &head, sizeof head, 0);
    }
    for (uint32_t id = 1; id <= draft->places.count; id++) {
        const unsigned char *key = once_get(&draft->places, id, &length);
        struct draft_place place;
        uint32_t module;
        memcpy(&module, key, sizeof module);
        for (size_t at = sizeof module; at < length; at += sizeof place) {
            memcpy(&place, key + at, sizeof place);
            struct mt_record_place head = {.module = module,
                                           .function = place.function,
                                           .file = place.file,
                                           .line = place.line,
                                           .value = id};
            record(p, MT_RECORD_PLACE, &head, sizeof head, 0);
        }
    }
}

static void put_lines(struct putting *p)
{
    for (uint32_t i = 0; i < p->draft->lines_count; i++) {
        const struct draft_lines *lines = &p->draft->lines[i];
        struct mt_record_lines head = {
            .code = lines->code, .first_line = lines->first_line, .count = lines->count};
        unsigned char *at =
            record(p, MT_RECORD_LINES, &head, sizeof head, lines->count * sizeof(struct mt_line));
        for (uint32_t k = 0; k < lines->count; k++) {
            struct mt_line line = {.executions = lines->lines[k].executions};
            memcpy(at + k * sizeof line, &line, sizeof line);
        }
    }
}

static void put_rest(struct putting *p)
{
    const struct draft *draft = p->draft;
    size_t length;
    for (uint32_t i = 0; i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        const char *text = text_of(draft, file->source, &length);
        struct mt_record_source source = {.file = file->file, .bytes = (uint32_t)length};
        if (length)
            memcpy(record(p, MT_RECORD_SOURCE, &source, sizeof source, length), text, length);
        struct mt_record_file stamp = {.file = file->file,
                                       .bytes = file->stamp.bytes,
                                       .modified = file->stamp.modified,
                                       .hash = file->stamp.hash,
                                       .changes = file->stamp.changes};
        if (file->stamp.known)
            record(p, MT_RECORD_FILE, &stamp, sizeof stamp, 0);
    }
    for (uint32_t i = 0; i < draft->program_count; i++) {
        const struct draft_program *program = &draft->programs[i];
        const char *text = text_of(draft, program->path, &length);
        struct mt_record_program head = {.processes = program->processes,
                                         .bytes = (uint32_t)length,
                                         .peak = program->peak,
                                         .first = program->first,
                                         .last = program->last};
        memcpy(record(p, MT_RECORD_PROGRAM, &head, sizeof head, length), text, length);
    }
    for (uint32_t id = 1; id <= draft->notes.count; id++) {
        const void *text = once_get(&draft->notes, id, &length);
        struct mt_record_note head = {.severity = 1, .bytes = (uint32_t)length};
        memcpy(record(p, MT_RECORD_NOTE, &head, sizeof head, length), text, length);
    }
}

/* ---- the file ---- */

static void put_threads(struct putting *p)
{
    const struct draft *draft = p->draft;
    size_t length;
    putting_more(&p->regions[MT_REGION_THREAD], sizeof(struct mt_thread_entry));
    for (uint32_t id = 1; id <= draft->threads.count; id++) {
        struct mt_thread_entry thread = {.started = 1,
                                         .events = draft->thread_sums[id].events,
                                         .level = draft->thread_sums[id].level};
        memcpy(thread.name, once_get(&draft->threads, id, &length), sizeof thread.name);
        putting_add(p, MT_REGION_THREAD, &thread, sizeof thread);
    }
    for (size_t i = 0; i < draft->sample_count && i < DRAFT_SAMPLES; i++) {
        const struct log_sample *from = &draft->samples[i];
        struct mt_sample sample = {from->time, from->level, from->level_max, from->resident};
        putting_add(p, MT_REGION_TIMELINE, &sample, sizeof sample);
    }
}

static void put_frames(struct putting *p)
{
    size_t length;
    putting_more(&p->regions[MT_REGION_FRAME], sizeof(struct mt_frame_entry));
    for (uint32_t id = 1; id <= p->draft->frames.count; id++)
        putting_add(p, MT_REGION_FRAME, once_get(&p->draft->frames, id, &length),
                    sizeof(struct mt_frame_entry));
}

static uint32_t flags_of(const struct log_header *h)
{
    return (h->full ? MT_FLAG_FULL : 0) | (h->fallback ? MT_FLAG_FALLBACK : 0) |
           (h->python ? MT_FLAG_PYTHON : 0) | (h->threads ? MT_FLAG_THREADS : 0) |
           (h->ended ? MT_FLAG_ENDED : 0) | (h->sizes ? MT_FLAG_SIZES : 0) |
           (h->held ? MT_FLAG_HELD : 0);
}

static void header_levels(struct mt_header *to, const struct log_header *from)
{
    to->level = from->level;
    to->peak = from->peak;
    to->peak_time = from->peak_time;
    to->peak_seq = 1 | (from->finished ? MT_SEQ_FINISHED : 0);
    if (from->finished) {
        to->finish_time = from->end_time ? from->end_time : 1;
        to->finish_level = from->live;
    }
    for (unsigned c = 0; c < CLASSES; c++) {
        to->class_level[c].level = from->class_level[c].level;
        to->class_level[c].peak = from->class_level[c].peak;
        if (from->finished)
            to->finish_class[c] = from->class_level[c].live;
    }
    to->python_arenas = from->python_arenas;
    to->python_arenas_peak = from->python_arenas_peak;
    to->inherited = from->inherited;
    to->inherited_released = from->inherited_released;
    to->inherited_releases = from->inherited_releases;
}

static void header_make(struct mt_header *to, const struct log_header *from)
{
    *to = (struct mt_header){.version = MT_VERSION_2,
                             .header_bytes = MT_HEADER_BYTES,
                             .byte_order = MT_BYTE_ORDER,
                             .pointer_bits = 64,
                             .pid = from->pid,
                             .parent_pid = from->parent_pid,
                             .start_real = from->start_real,
                             .start_ticks = from->start_ticks,
                             .end_time = from->end_time,
                             .exit_status = from->exit_status,
                             .process_start = from->process_start,
                             .dropped_events = from->dropped_events,
                             .dropped_bytes = from->dropped_bytes,
                             .unknown_releases = from->unknown_releases,
                             .cut_stacks = from->cut_stacks,
                             .python_missed = from->python_missed,
                             .rise_floor = from->rise_floor,
                             .flags = flags_of(from),
                             .untraced = from->untraced,
                             .processes = from->processes};
    memcpy(to->magic, MT_MAGIC, sizeof to->magic);
    to->end = from->end == LOG_END_EXIT   ? MT_END_EXIT
              : from->end == LOG_END_EXEC ? MT_END_EXEC
                                          : MT_END_UNKNOWN;
    to->origin = from->origin == LOG_MERGED     ? MT_ORIGIN_MERGED
                 : from->origin == LOG_IMPORTED ? MT_ORIGIN_IMPORTED
                                                : MT_ORIGIN_PROCESS;
    uint32_t bytes = from->untraced_first.bytes < sizeof to->untraced_first - 1
                         ? from->untraced_first.bytes
                         : (uint32_t)sizeof to->untraced_first - 1;
    if (bytes)
        memcpy(to->untraced_first, from->untraced_first.text, bytes);
    header_levels(to, from);
}

static void put_file(struct putting *p, FILE *out)
{
    static const uint8_t unit[MT_REGION_COUNT] = {
        [MT_REGION_NODE] = sizeof(struct mt_node_2),
        [MT_REGION_COUNTER] = MT_UNIT_2,
        [MT_REGION_FRAME] = sizeof(struct mt_frame_entry),
        [MT_REGION_RECORD] = 1,
        [MT_REGION_THREAD] = sizeof(struct mt_thread_entry),
        [MT_REGION_RUN] = sizeof(struct mt_run),
        [MT_REGION_TIMELINE] = sizeof(struct mt_sample),
        [MT_REGION_STRETCH] = MT_STRETCH_UNIT,
        [MT_REGION_FINISH] = sizeof(struct mt_finish),
        [MT_REGION_HELD_2] = sizeof(uint32_t)};
    struct mt_header header;
    uint64_t at = MT_HEADER_BYTES;
    header_make(&header, &p->draft->header);
    for (unsigned r = 1; r < MT_REGION_COUNT; r++) {
        struct bytes *bytes = &p->regions[r];
        size_t rest = bytes->used % PAGE;
        if (r < MT_REGION_USED)
            header.used[r] = bytes->used / unit[r];
        if (!bytes->used)
            continue;
        if (rest)
            putting_more(bytes, PAGE - rest);
        header.extents[header.extents_used++] =
            (struct mt_extent){at, (uint32_t)(bytes->used / PAGE), r};
        at += bytes->used;
    }
    header.file_bytes = at;
    fwrite(&header, sizeof header, 1, out);
    for (unsigned r = 1; r < MT_REGION_COUNT; r++)
        if (p->regions[r].used)
            fwrite(p->regions[r].data, p->regions[r].used, 1, out);
}

bool draft_put(struct draft *draft, FILE *out)
{
    struct putting p = {.draft = draft, .sized = draft->header.sizes, .held = draft->header.held};
    bool fits = putting_nodes(&p);
    if (fits) {
        put_frames(&p);
        put_process(&p);
        put_modules(&p);
        put_names(&p);
        put_lines(&p);
        put_rest(&p);
        put_threads(&p);
        putting_more(&p.regions[MT_REGION_RUN], sizeof(struct mt_run));
        putting_stretches(&p);
        put_file(&p, out);
    }
    for (unsigned r = 0; r < MT_REGION_COUNT; r++)
        free(p.regions[r].data);
    return fits;
}
