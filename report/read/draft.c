/* SPDX-License-Identifier: MIT */
#include "read/draft.h"

#include <stdlib.h>
#include <string.h>

#include "../interpose/format.h"
#include "base/base.h"
#include "read/runs.h"

uint32_t draft_text(struct draft *draft, const char *text, size_t bytes)
{
    return once_add(&draft->texts, text, bytes);
}

/* ---- what frames are of ---- */

uint32_t draft_module(struct draft *draft, const struct draft_module *module)
{
    size_t bytes;
    const char *path = module->path ? once_get(&draft->texts, module->path, &bytes) : "";
    uint32_t id;
    if (module->build_id_bytes)
        id = once_add(&draft->modules_known, module->build_id, module->build_id_bytes);
    else {
        char *key = base_alloc((module->path ? bytes : 0) + 2, 1);
        key[0] = '/'; /* no build-id has so many bytes */
        memcpy(key + 1, path, module->path ? bytes : 0);
        size_t length = (module->path ? bytes : 0) + 1;
        /* A path of just the length of a build-id is kept apart by one byte more. */
        id = once_add(&draft->modules_known, key, length <= 64 ? length + 1 : length);
        free(key);
    }
    draft->modules =
        base_room(draft->modules, &draft->module_cap, id + (size_t)1, sizeof *draft->modules);
    struct draft_module *known = &draft->modules[id];
    if (id > draft->module_count) {
        draft->module_count = id;
        *known = *module;
        return id;
    }
    if (module->size > known->size)
        known->size = module->size;
    if (known->stamp.known && (!module->stamp.known || module->stamp.bytes != known->stamp.bytes ||
                               module->stamp.modified != known->stamp.modified))
        known->stamp = (struct log_stamp){0};
    return id;
}

uint32_t draft_code(struct draft *draft, uint32_t file, uint32_t name, uint32_t first_line)
{
    uint32_t key[] = {file, name, first_line};
    return once_add(&draft->codes, key, sizeof key);
}

uint32_t draft_thread(struct draft *draft, const char *name, size_t bytes)
{
    char padded[16] = {0};
    memcpy(padded, name, bytes < sizeof padded ? bytes : sizeof padded);
    uint32_t id = once_add(&draft->threads, padded, sizeof padded);
    size_t before = draft->thread_cap;
    draft->thread_sums = base_room(draft->thread_sums, &draft->thread_cap, id + (size_t)1,
                                   sizeof *draft->thread_sums);
    if (draft->thread_cap > before)
        memset(draft->thread_sums + before, 0,
               (draft->thread_cap - before) * sizeof *draft->thread_sums);
    return id;
}

uint32_t draft_frame(struct draft *draft, enum log_frame_kind kind, uint32_t owner, uint64_t value)
{
    static const uint32_t kinds[] = {[FRAME_UNKNOWN] = MT_FRAME_UNKNOWN,
                                     [FRAME_NATIVE] = MT_FRAME_NATIVE,
                                     [FRAME_PYTHON] = MT_FRAME_PYTHON,
                                     [FRAME_THREAD] = MT_FRAME_THREAD,
                                     [FRAME_CUT] = MT_FRAME_CUT};
    struct mt_frame_entry frame = {value, owner, kinds[kind]};
    return once_add(&draft->frames, &frame, sizeof frame);
}

uint32_t draft_named(struct draft *draft, uint32_t module, const struct draft_place *places,
                     uint32_t count)
{
    uint32_t key[1 + 3 * DRAFT_PLACES] = {module};
    if (count > DRAFT_PLACES)
        count = DRAFT_PLACES;
    memcpy(key + 1, places, count * sizeof *places);
    /* What stands in place of an offset is the number of the names. */
    uint32_t number = once_add(&draft->places, key, sizeof key[0] * (1 + 3 * (size_t)count));
    return draft_frame(draft, FRAME_NATIVE, module, number);
}

/* ---- nodes and their figures ---- */

static void draft_begin(struct draft *draft)
{
    if (draft->node_count)
        return;
    draft->nodes = base_room(draft->nodes, &draft->node_cap, 1, sizeof *draft->nodes);
    draft->nodes[draft->node_count++] = (struct draft_node){0};
    draft->entries = base_room(draft->entries, &draft->entry_cap, 1, sizeof *draft->entries);
    draft->entries[draft->entry_count++] = (struct draft_entry){0};
}

static bool is_child(const void *table, uint32_t node, uint32_t parent, uint32_t frame)
{
    const struct draft_node *one = &((const struct draft *)table)->nodes[node];
    return one->parent == parent && one->frame == frame;
}

uint32_t draft_node(struct draft *draft, uint32_t parent, uint32_t frame)
{
    draft_begin(draft);
    uint64_t *slot = links_slot(&draft->children, parent, frame, is_child, draft);
    if (*slot)
        return links_entry(slot);
    draft->nodes = base_room(draft->nodes, &draft->node_cap, draft->node_count + (size_t)1,
                             sizeof *draft->nodes);
    draft->nodes[draft->node_count] = (struct draft_node){.parent = parent, .frame = frame};
    links_put(&draft->children, slot, parent, frame, draft->node_count);
    return draft->node_count++;
}

static bool is_entry(const void *table, uint32_t entry, uint32_t node, uint32_t class)
{
    const struct draft_entry *one = &((const struct draft *)table)->entries[entry];
    return one->node == node && (uint32_t)one->class == class;
}

struct draft_entry *draft_add(struct draft *draft, uint32_t node, enum log_class class,
                              const struct sums *sums)
{
    draft_begin(draft);
    uint64_t *slot = links_slot(&draft->entry_of, node, class, is_entry, draft);
    uint32_t known = links_entry(slot);
    if (!known) {
        draft->entries = base_room(draft->entries, &draft->entry_cap,
                                   draft->entry_count + (size_t)1, sizeof *draft->entries);
        draft->entries[draft->entry_count] =
            (struct draft_entry){.node = node, .class = class, .next = draft->nodes[node].entries};
        draft->nodes[node].entries = known = draft->entry_count++;
        links_put(&draft->entry_of, slot, node, class, known);
    }
    struct draft_entry *entry = &draft->entries[known];
    sums_add(&entry->sums, sums);
    return entry;
}

void draft_sizes(struct draft_entry *entry, const struct sizes *sizes)
{
    if (!entry->sizes)
        entry->sizes = base_alloc(1, sizeof *entry->sizes);
    for (unsigned i = 0; i < SIZES; i++)
        entry->sizes->count[i] += sizes->count[i];
}

void draft_rise(struct draft *draft, uint32_t node, uint64_t rise, uint64_t alone)
{
    struct draft_node *known = &draft->nodes[node];
    if (rise > known->rise)
        known->rise = rise;
    if (alone > known->alone)
        known->alone = alone;
}

/* More different stretches than this, and only a bound of the others is kept: they are sets of call sites, of which there can be far
 * more than call sites. */
static bool stretches_are_many(const struct draft *draft)
{
    return draft->stretches.count > 100000 + 4 * (size_t)draft->node_count;
}

void draft_stretch(struct draft *draft, unsigned kind, uint32_t parent, uint32_t before,
                   uint32_t after, const uint32_t *sites, const uint64_t *rises, uint32_t count)
{
    uint32_t key[5 + STRETCH_SITES + 1] = {parent, before, after, kind, count};
    if (kind == STRETCH_SET)
        memcpy(key + 5, sites, count * sizeof *sites);
    size_t had = draft->stretches.count,
           length = sizeof key[0] * (5 + (kind == STRETCH_SET ? (size_t)count : 0));
    if (kind == STRETCH_SET && stretches_are_many(draft)) {
        uint64_t most = 0;
        for (uint32_t i = 0; i < count; i++)
            most = rises[i] > most ? rises[i] : most;
        draft_stretch(draft, STRETCH_LOST, parent, 0, 0, NULL, &most, 1);
        return;
    }
    uint32_t id = once_add(&draft->stretches, key, length);
    if (draft->stretches.count > had) {
        draft->rises = base_room(draft->rises, &draft->rise_cap, draft->rise_count + count,
                                 sizeof *draft->rises);
        draft->rise_at = base_room(draft->rise_at, &draft->rise_at_cap, id, sizeof *draft->rise_at);
        draft->rise_at[id - 1] = draft->rise_count;
        memset(draft->rises + draft->rise_count, 0, count * sizeof *draft->rises);
        draft->rise_count += count;
    }
    uint64_t *known = draft->rises + draft->rise_at[id - 1];
    for (uint32_t i = 0; i < count; i++)
        if (rises[i] > known[i])
            known[i] = rises[i];
}

/* ---- what stands beside them ---- */

void draft_lines(struct draft *draft, uint32_t code, const struct log_lines *lines)
{
    uint32_t *known = map_at(&draft->lines_of, code);
    if (!*known) {
        draft->lines = base_room(draft->lines, &draft->lines_cap, draft->lines_count + (size_t)1,
                                 sizeof *draft->lines);
        draft->lines[draft->lines_count++] =
            (struct draft_lines){code, lines->first_line, lines->count,
                                 base_alloc(lines->count + (size_t)1, sizeof(struct log_line))};
        *known = draft->lines_count;
    }
    struct draft_lines *to = &draft->lines[*known - 1];
    for (uint32_t i = 0; i < lines->count && i < to->count; i++) {
        struct log_line line = log_line(lines, i);
        to->lines[i].executions += line.executions;
    }
}

void draft_file(struct draft *draft, uint32_t text, const struct log_stamp *stamp, uint32_t source)
{
    uint32_t *known = map_at(&draft->file_of, text);
    if (!*known) {
        draft->files = base_room(draft->files, &draft->file_cap, draft->file_count + (size_t)1,
                                 sizeof *draft->files);
        draft->files[draft->file_count++] = (struct draft_file){text, {0}, 0};
        *known = draft->file_count;
    }
    struct draft_file *file = &draft->files[*known - 1];
    if (!file->source)
        file->source = source;
    if (!stamp || !stamp->known)
        return;
    bool other = file->stamp.known &&
                 (file->stamp.bytes != stamp->bytes ||
                  (file->stamp.hash && stamp->hash ? file->stamp.hash != stamp->hash
                                                   : file->stamp.modified != stamp->modified));
    uint32_t changes = file->stamp.changes + other;
    if (!file->stamp.known || stamp->modified > file->stamp.modified)
        file->stamp = *stamp;
    file->stamp.changes = changes > stamp->changes ? changes : stamp->changes;
}

void draft_program(struct draft *draft, uint32_t path, uint32_t processes, uint64_t peak,
                   uint64_t first, uint64_t last)
{
    uint32_t *known = map_at(&draft->program_of, path);
    if (!*known) {
        draft->programs = base_room(draft->programs, &draft->program_cap,
                                    draft->program_count + (size_t)1, sizeof *draft->programs);
        draft->programs[draft->program_count++] = (struct draft_program){.path = path};
        *known = draft->program_count;
    }
    struct draft_program *program = &draft->programs[*known - 1];
    program->processes += processes;
    if (peak > program->peak)
        program->peak = peak;
    if (first && (!program->first || first < program->first))
        program->first = first;
    if (last > program->last)
        program->last = last;
}

void draft_note(struct draft *draft, const char *text, size_t bytes)
{
    once_add(&draft->notes, text, bytes);
}

void draft_free(struct draft *draft)
{
    struct once *sets[] = {&draft->texts,  &draft->modules_known, &draft->codes, &draft->threads,
                           &draft->frames, &draft->places,        &draft->notes, &draft->stretches};
    links_free(&draft->children);
    links_free(&draft->entry_of);
    struct map *maps[] = {&draft->lines_of, &draft->file_of, &draft->program_of};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        once_free(sets[i]);
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        map_free(maps[i]);
    for (uint32_t i = 0; i < draft->entry_count; i++)
        free(draft->entries[i].sizes);
    for (uint32_t i = 0; i < draft->lines_count; i++)
        free(draft->lines[i].lines);
    free(draft->modules);
    free(draft->nodes);
    free(draft->entries);
    free(draft->lines);
    free(draft->files);
    free(draft->programs);
    free(draft->thread_sums);
    free(draft->rises);
    free(draft->rise_at);
    *draft = (struct draft){0};
}
