/* SPDX-License-Identifier: MIT */
#include "read/records.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base.h"
#include "read/cursor.h"
#include "read/tables.h"

/* Of a name; what is longer is cut. Names are printed once for each line and each frame of a stack, so that a single
 * long one would make much of a small log. */
#define NAME_MAX_BYTES 4096u

/* What grows while records are read; the ids in the code records are resolved at the end, when all
 * strings are known. */
struct records {
    struct log *log;
    size_t modules_cap, strings_cap, codes_cap, lines_cap, sources_cap, notes_cap, marks_cap,
        files_cap, stamps_cap, slacks_cap, places_cap, programs_cap;
    struct mt_record_place *raw_places;
    size_t raw_place_count;
    struct mt_record_code *raw_codes;
    size_t raw_count, raw_cap;
    uint32_t *commands; /* ids of codes */
    size_t command_count, commands_cap;
    struct mt_record_file *stamps; /* of modules */
    size_t stamp_count;
};

/* An id is the index of an array: bounded by what the region's bytes could hold, so that the arrays
 * are too. */
static bool id_fits(const struct records *records, uint32_t id)
{
    return id && id <= records->log->tables->regions[MT_REGION_RECORD].bytes /
                           sizeof(struct mt_record_string);
}

/* Element `id` of a growing array, zeroed when it is new. */
static void *id_slot(void **array, size_t *count, size_t *cap, uint32_t id, size_t bytes)
{
    *array = base_room(*array, cap, (size_t)id + 1, bytes);
    unsigned char *base = *array;
    for (size_t i = *count * bytes; i < ((size_t)id + 1) * bytes; i++)
        base[i] = 0;
    if (*count < (size_t)id + 1)
        *count = (size_t)id + 1;
    return base + (size_t)id * bytes;
}

static bool text_read(struct cursor *in, struct log_text *out, uint32_t bytes)
{
    out->text = cursor_bytes(in, bytes, "a text longer than its record");
    out->bytes = out->text ? bytes : 0;
    return out->text != NULL;
}

static bool name_read(struct cursor *in, struct log_text *out, uint32_t bytes)
{
    bool read = text_read(in, out, bytes);
    if (out->bytes > NAME_MAX_BYTES)
        out->bytes = NAME_MAX_BYTES;
    return read;
}

static bool read_process(struct records *records, struct cursor *in)
{
    struct mt_record_process record;
    struct log *log = records->log;
    return cursor_read(in, &record, sizeof record, "a process record that is too short") &&
           name_read(in, &log->exe, record.exe_bytes) &&
           name_read(in, &log->cwd, record.cwd_bytes) &&
           text_read(in, &log->argv, record.argv_bytes);
}

static bool read_module(struct records *records, struct cursor *in)
{
    struct mt_record_module record;
    struct log_module module = {.known = true};
    struct log_text build_id;
    if (!cursor_read(in, &record, sizeof record, "a module record that is too short") ||
        !text_read(in, &build_id, record.build_id_bytes) ||
        !name_read(in, &module.path, record.path_bytes))
        return false;
    if (!id_fits(records, record.id))
        return cursor_fail(in, "an impossible module id");
    module.build_id = (const unsigned char *)build_id.text;
    module.build_id_bytes = build_id.bytes;
    module.base = record.base;
    module.start = record.start;
    module.end = record.end;
    void *array = records->log->modules;
    struct log_module *slot = id_slot(&array, &records->log->module_count, &records->modules_cap,
                                      record.id, sizeof module);
    records->log->modules = array;
    if (slot->known)
        return cursor_fail(in, "a module id that is taken");
    *slot = module;
    return true;
}

static bool read_string(struct records *records, struct cursor *in)
{
    struct mt_record_string record;
    struct log_text text;
    if (!cursor_read(in, &record, sizeof record, "a string record that is too short") ||
        !name_read(in, &text, record.bytes))
        return false;
    if (!id_fits(records, record.id))
        return cursor_fail(in, "an impossible string id");
    void *array = records->log->strings;
    struct log_text *slot =
        id_slot(&array, &records->log->string_count, &records->strings_cap, record.id, sizeof text);
    records->log->strings = array;
    if (slot->text)
        return cursor_fail(in, "a string id that is taken");
    *slot = text;
    return true;
}

static bool read_code(struct records *records, struct cursor *in)
{
    struct mt_record_code record;
    if (!cursor_read(in, &record, sizeof record, "a code record that is too short"))
        return false;
    /* A process without memory gives numbers to code objects that it cannot remember, and has no room for their records. */
    if (!id_fits(records, record.id))
        return true;
    records->raw_codes =
        base_room(records->raw_codes, &records->raw_cap, records->raw_count + 1, sizeof record);
    records->raw_codes[records->raw_count++] = record;
    return true;
}

static bool read_note(struct records *records, struct cursor *in)
{
    struct mt_record_note record;
    struct log_note note;
    if (!cursor_read(in, &record, sizeof record, "a note record that is too short") ||
        !text_read(in, &note.text, record.bytes))
        return false;
    note.severity = record.severity;
    struct log *log = records->log;
    log->notes = base_room(log->notes, &records->notes_cap, log->note_count + 1, sizeof note);
    log->notes[log->note_count++] = note;
    return true;
}

static bool read_source(struct records *records, struct cursor *in)
{
    struct mt_record_source record;
    struct log_source source = {0};
    struct log *log = records->log;
    if (!cursor_read(in, &record, sizeof record, "a source record that is too short") ||
        !text_read(in, &source.text, record.bytes))
        return false;
    source.file = record.file;
    log->sources =
        base_room(log->sources, &records->sources_cap, log->source_count + 1, sizeof source);
    log->sources[log->source_count++] = source;
    return true;
}

static bool read_lines(struct records *records, struct cursor *in)
{
    struct mt_record_lines record;
    struct log *log = records->log;
    struct log_lines lines;
    if (!cursor_read(in, &record, sizeof record, "a lines record that is too short"))
        return false;
    if (record.first_line > INT32_MAX || record.count > INT32_MAX)
        return cursor_fail(in, "impossible line numbers");
    lines = (struct log_lines){record.code, record.first_line, record.count, record.period,
                               cursor_bytes(in, (size_t)record.count * sizeof(struct mt_line),
                                            "lines beyond their record")};
    if (!lines.data)
        return false;
    log->lines = base_room(log->lines, &records->lines_cap, log->lines_count + 1, sizeof lines);
    log->lines[log->lines_count++] = lines;
    return true;
}

static bool read_mark(struct records *records, struct cursor *in)
{
    struct mt_record_mark record;
    if (!cursor_read(in, &record, sizeof record, "a mark that is too short"))
        return false;
    struct log_mark mark = {
        .period = record.period, .time = record.time, .level = record.level, .peak = record.peak};
    if (!text_read(in, &mark.name, record.bytes))
        return false;
    struct log *log = records->log;
    log->marks = base_room(log->marks, &records->marks_cap, log->mark_count + 1, sizeof mark);
    log->marks[log->mark_count++] = mark;
    return true;
}

static bool read_command(struct records *records, struct cursor *in)
{
    struct mt_record_command record;
    if (!cursor_read(in, &record, sizeof record, "a command record that is too short"))
        return false;
    records->commands = base_room(records->commands, &records->commands_cap,
                                  records->command_count + 1, sizeof record.code);
    records->commands[records->command_count++] = record.code;
    return true;
}

static struct log_stamp stamp_of(const struct mt_record_file *record)
{
    return (struct log_stamp){true, record->bytes, record->modified, record->hash, record->changes};
}

static bool read_file(struct records *records, struct cursor *in)
{
    struct mt_record_file record;
    struct log *log = records->log;
    if (!cursor_read(in, &record, sizeof record, "a file record that is too short"))
        return false;
    if (record.module) {
        records->stamps = base_room(records->stamps, &records->stamps_cap, records->stamp_count + 1,
                                    sizeof record);
        records->stamps[records->stamp_count++] = record;
        return true;
    }
    log->files =
        base_room(log->files, &records->files_cap, log->file_count + 1, sizeof *log->files);
    log->files[log->file_count++] = (struct log_file){record.file, stamp_of(&record)};
    return true;
}

static bool read_slack(struct records *records, struct cursor *in)
{
    struct mt_record_slack record;
    struct log *log = records->log;
    if (!cursor_read(in, &record, sizeof record, "a record of slack that is too short"))
        return false;
    for (uint32_t i = 0; i < record.count; i++) {
        struct mt_slack one;
        if (!cursor_read(in, &one, sizeof one, "slack beyond its record"))
            return false;
        log->slacks =
            base_room(log->slacks, &records->slacks_cap, log->slack_count + 1, sizeof *log->slacks);
        log->slacks[log->slack_count++] = (struct log_slack){one.unit, one.blocks, one.bytes};
    }
    return true;
}

static bool read_place(struct records *records, struct cursor *in)
{
    struct mt_record_place record;
    if (!cursor_read(in, &record, sizeof record, "a place that is too short"))
        return false;
    records->raw_places = base_room(records->raw_places, &records->places_cap,
                                    records->raw_place_count + 1, sizeof record);
    records->raw_places[records->raw_place_count++] = record;
    return true;
}

static bool read_program(struct records *records, struct cursor *in)
{
    struct mt_record_program record;
    struct log_program program;
    struct log *log = records->log;
    if (!cursor_read(in, &record, sizeof record, "a program record that is too short") ||
        !name_read(in, &program.path, record.bytes))
        return false;
    program.processes = record.processes;
    program.peak = record.peak;
    program.first = record.first;
    program.last = record.last;
    log->programs =
        base_room(log->programs, &records->programs_cap, log->program_count + 1, sizeof program);
    log->programs[log->program_count++] = program;
    return true;
}

static bool read_body(struct records *records, uint32_t kind, struct cursor *in)
{
    switch (kind) {
    case MT_RECORD_PROCESS:
        return read_process(records, in);
    case MT_RECORD_MODULE:
        return read_module(records, in);
    case MT_RECORD_STRING:
        return read_string(records, in);
    case MT_RECORD_CODE:
        return read_code(records, in);
    case MT_RECORD_NOTE:
        return read_note(records, in);
    case MT_RECORD_SOURCE:
        return read_source(records, in);
    case MT_RECORD_LINES:
        return read_lines(records, in);
    case MT_RECORD_MARK:
        return read_mark(records, in);
    case MT_RECORD_COMMAND:
        return read_command(records, in);
    case MT_RECORD_FILE:
        return read_file(records, in);
    case MT_RECORD_SLACK:
        return read_slack(records, in);
    case MT_RECORD_PLACE:
        return read_place(records, in);
    case MT_RECORD_PROGRAM:
        return read_program(records, in);
    default:
        return true; /* a kind of a later version: skipped by its length */
    }
}

static struct log_text string_at(const struct log *log, uint32_t id)
{
    return id < log->string_count ? log->strings[id] : (struct log_text){0};
}

static void resolve_codes(struct records *records)
{
    struct log *log = records->log;
    for (size_t i = 0; i < records->raw_count; i++) {
        const struct mt_record_code *raw = &records->raw_codes[i];
        void *array = log->codes;
        struct log_code *code =
            id_slot(&array, &log->code_count, &records->codes_cap, raw->id, sizeof *code);
        log->codes = array;
        if (code->known)
            continue;
        *code = (struct log_code){.known = true,
                                  .file = string_at(log, raw->file),
                                  .name = string_at(log, raw->name),
                                  .first_line = raw->first_line};
    }
    for (size_t i = 0; i < records->command_count; i++)
        if (records->commands[i] < log->code_count)
            log->codes[records->commands[i]].command = true;
    free(records->commands);
    free(records->raw_codes);
}

static void resolve_stamps(struct records *records)
{
    struct log *log = records->log;
    for (size_t i = 0; i < records->stamp_count; i++) {
        const struct mt_record_file *record = &records->stamps[i];
        if (record->module < log->module_count)
            log->modules[record->module].stamp = stamp_of(record);
    }
    free(records->stamps);
}

static int place_order(const struct log_place *place, uint32_t module, uint64_t value)
{
    if (place->module != module)
        return place->module < module ? -1 : 1;
    return place->value < value ? -1 : place->value > value;
}

/* Of one frame in the order of the log. */
static int by_frame(const void *a, const void *b)
{
    const struct log_place *x = a, *y = b;
    int order = place_order(x, y->module, y->value);
    return order ? order : x->order < y->order ? -1 : 1;
}

static void resolve_places(struct records *records)
{
    struct log *log = records->log;
    log->place_count = records->raw_place_count;
    log->places = base_alloc(log->place_count + 1, sizeof *log->places);
    for (size_t i = 0; i < log->place_count; i++) {
        const struct mt_record_place *raw = &records->raw_places[i];
        log->places[i] = (struct log_place){.module = raw->module,
                                            .value = raw->value,
                                            .function = string_at(log, raw->function),
                                            .file = string_at(log, raw->file),
                                            .line = raw->line,
                                            .order = i};
    }
    if (log->place_count)
        qsort(log->places, log->place_count, sizeof *log->places, by_frame);
    free(records->raw_places);
}

const struct log_place *log_places(const struct log *log, uint32_t module, uint64_t value,
                                   size_t *count)
{
    size_t low = 0, high = log->place_count, end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (place_order(&log->places[middle], module, value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < log->place_count && !place_order(&log->places[end], module, value);)
        end++;
    *count = end - low;
    return log->places + low;
}

void records_read(struct log *log)
{
    struct records records = {.log = log};
    struct cursor all;
    cursor_open(&all, log->tables->regions[MT_REGION_RECORD].data,
                log->tables->regions[MT_REGION_RECORD].bytes);
    while (all.at < all.bytes) {
        size_t start = all.at;
        struct mt_record head;
        if (!cursor_read(&all, &head, sizeof head, "a record that ends with the region"))
            break;
        if (head.bytes < sizeof head || head.bytes % 8 ||
            head.bytes - sizeof head > all.bytes - all.at) {
            log_problem_in(log, MT_REGION_RECORD, start,
                           "a record of kind %" PRIu32 " with length %" PRIu32 " in %zu bytes",
                           head.kind, head.bytes, all.bytes - start);
            break;
        }
        struct cursor body;
        cursor_open(&body, all.data + start, head.bytes);
        if (!read_body(&records, head.kind, &body))
            log_problem_in(log, MT_REGION_RECORD, start, "%s", body.failure);
        all.at = start + head.bytes;
    }
    if (all.failure)
        log_problem_in(log, MT_REGION_RECORD, all.failed_at, "%s", all.failure);
    resolve_codes(&records);
    resolve_stamps(&records);
    resolve_places(&records);
}
