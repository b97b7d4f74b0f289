/* SPDX-License-Identifier: MIT */
#include "merge/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "read/model.h"
#include "read/reader.h"

/* A log that is being added, and the draft's numbers for its own. */
struct adding {
    struct draft *draft;
    struct log log;
    struct model model;
    uint32_t *modules, *codes, *threads, *frames, *nodes; /* 0: not asked for yet */
};

/* ---- from the log's numbers to the draft's ---- */

static uint32_t text(struct adding *a, struct log_text from)
{
    return from.text ? draft_text(a->draft, from.text, from.bytes) : 0;
}

static uint32_t module_of(struct adding *a, uint32_t id)
{
    if (id >= a->log.module_count || !a->log.modules[id].known)
        return 0;
    if (a->modules[id])
        return a->modules[id];
    const struct log_module *from = &a->log.modules[id];
    struct draft_module module = {.path = text(a, from->path), .stamp = from->stamp};
    if (from->end > from->base)
        module.size = from->end - from->base;
    if (from->build_id_bytes && from->build_id_bytes <= sizeof module.build_id) {
        memcpy(module.build_id, from->build_id, from->build_id_bytes);
        module.build_id_bytes = from->build_id_bytes;
    }
    return a->modules[id] = draft_module(a->draft, &module);
}

static uint32_t code_of(struct adding *a, uint32_t id)
{
    if (id >= a->log.code_count || !a->log.codes[id].known)
        return 0;
    const struct log_code *from = &a->log.codes[id];
    if (!a->codes[id])
        a->codes[id] =
            draft_code(a->draft, text(a, from->file), text(a, from->name), from->first_line);
    return a->codes[id];
}

static uint32_t thread_of(struct adding *a, uint32_t slot)
{
    if (slot >= a->model.thread_count)
        slot = 0;
    if (!a->threads[slot]) {
        const char *name = slot ? a->model.threads[slot].name : "";
        a->threads[slot] = draft_thread(a->draft, name, strlen(name));
    }
    return a->threads[slot];
}

/* A frame whose names stand in the log; 0: they don't. */
static uint32_t named_of(struct adding *a, const struct log_frame *frame)
{
    size_t count;
    const struct log_place *from = log_places(&a->log, frame->owner, frame->value, &count);
    struct draft_place places[DRAFT_PLACES];
    if (count > DRAFT_PLACES)
        count = DRAFT_PLACES;
    for (size_t i = 0; i < count; i++)
        places[i] =
            (struct draft_place){text(a, from[i].function), text(a, from[i].file), from[i].line};
    return count ? draft_named(a->draft, module_of(a, frame->owner), places, (uint32_t)count) : 0;
}

static uint32_t frame_make(struct adding *a, uint32_t index)
{
    struct draft *draft = a->draft;
    struct log_frame frame = {0};
    if (index && index < a->log.frame_count)
        frame = log_frame(&a->log, index);
    switch (frame.kind) {
    case FRAME_NATIVE: {
        uint32_t named = named_of(a, &frame);
        return named ? named
                     : draft_frame(draft, FRAME_NATIVE, module_of(a, frame.owner), frame.value);
    }
    case FRAME_PYTHON:
        return draft_frame(draft, FRAME_PYTHON, code_of(a, frame.owner), frame.value);
    case FRAME_THREAD:
        return draft_frame(draft, FRAME_THREAD, thread_of(a, frame.owner), 0);
    case FRAME_CUT:
        return draft_frame(draft, FRAME_CUT, 0, frame.value);
    default: /* an address tells nothing of other processes */
        return draft_frame(draft, FRAME_UNKNOWN, 0, 0);
    }
}

static uint32_t frame_of(struct adding *a, uint32_t index)
{
    if (index >= a->log.frame_count)
        index = 0;
    if (!a->frames[index])
        a->frames[index] = frame_make(a, index);
    return a->frames[index];
}

/* ---- what happened ---- */

static void add_nodes(struct adding *a)
{
    const struct model *model = &a->model;
    unsigned char *used = base_alloc(model->node_count + (size_t)1, 1);
    for (size_t i = 0; i < model->entries.count; i++)
        used[model->entries.list[i].node] = 1;
    for (uint32_t i = model->node_count; i-- > 1;)
        if (used[i])
            used[model->nodes[i].parent] = 1;
    for (uint32_t i = 1; i < model->node_count; i++) {
        if (!used[i])
            continue;
        a->nodes[i] = draft_node(a->draft, a->nodes[model->nodes[i].parent],
                                 frame_of(a, model->nodes[i].frame));
        draft_rise(a->draft, a->nodes[i], model->runs.of_node[i].rise,
                   model->runs.of_node[i].alone);
    }
    free(used);
}

static void thread_add(struct adding *a, const struct thread *from, uint32_t id)
{
    struct draft_thread *to = &a->draft->thread_sums[id];
    to->events += from->events;
    to->level = (int64_t)((uint64_t)to->level + (uint64_t)from->level);
}

static void add_entries(struct adding *a)
{
    for (size_t i = 0; i < a->model.entries.count; i++) {
        const struct entry *entry = &a->model.entries.list[i];
        struct sums sums = entry_sums(&a->model.entries, entry);
        struct draft_entry *to = draft_add(a->draft, a->nodes[entry->node], entry->class, &sums);
        struct sizes sizes = {{0}};
        sizes_add(&sizes, &a->model, entry->node, entry->class);
        if (sums.allocations && a->log.header.sizes)
            draft_sizes(to, &sizes);
    }
    for (uint32_t i = 1; i < a->model.thread_count; i++)
        thread_add(a, &a->model.threads[i], thread_of(a, i));
}

static void add_stretches(struct adding *a)
{
    const struct runs *runs = &a->model.runs;
    for (size_t i = 0; i < runs->stretch_count; i++) {
        const struct stretch *s = &runs->stretches[i];
        uint32_t sites[STRETCH_SITES + 1];
        bool set = s->kind == STRETCH_SET, known = a->nodes[s->parent] != 0;
        for (unsigned k = 0; k < s->count && set; k++) {
            sites[k] = a->nodes[runs->sites[s->first + k]];
            known = known && sites[k];
        }
        known = known && (!s->before || a->nodes[s->before]) && (!s->after || a->nodes[s->after]);
        if (known)
            draft_stretch(a->draft, s->kind, a->nodes[s->parent], a->nodes[s->before],
                          a->nodes[s->after], sites, runs->rises + s->first, s->count);
    }
}

static void add_records(struct adding *a)
{
    const struct log *log = &a->log;
    for (size_t i = 0; i < log->lines_count; i++)
        if (code_of(a, log->lines[i].code))
            draft_lines(a->draft, code_of(a, log->lines[i].code), &log->lines[i]);
    for (size_t i = 0; i < log->file_count; i++)
        if (log->files[i].file < log->string_count)
            draft_file(a->draft, text(a, log->strings[log->files[i].file]), &log->files[i].stamp,
                       0);
    for (size_t i = 0; i < log->source_count; i++)
        if (log->sources[i].file < log->string_count)
            draft_file(a->draft, text(a, log->strings[log->sources[i].file]), NULL,
                       text(a, log->sources[i].text));
    for (size_t i = 0; i < log->note_count; i++)
        draft_note(a->draft, log->notes[i].text.text, log->notes[i].text.bytes);
    for (size_t i = 0; i < log->program_count; i++)
        draft_program(a->draft, text(a, log->programs[i].path), log->programs[i].processes,
                      log->programs[i].peak, log->programs[i].first, log->programs[i].last);
    if (!log->program_count)
        draft_program(a->draft, text(a, log->exe), 1, log_peak(log), log_began(log),
                      log_began(log));
}

/* ---- the processes ---- */

static void add_levels(struct adding *a)
{
    struct log_header *to = &a->draft->header;
    const struct log_header *from = &a->log.header;
    to->level += (uint64_t)sums_leaked(&a->model.total);
    to->live += (uint64_t)sums_live(&a->model.total);
    to->peak += log_peak(&a->log);
    for (unsigned c = 0; c < CLASSES; c++) {
        to->class_level[c].level += (uint64_t)sums_leaked(&a->model.classes[c]);
        to->class_level[c].live += (uint64_t)sums_live(&a->model.classes[c]);
        to->class_level[c].peak += from->class_level[c].peak;
    }
    to->inherited += from->inherited;
    to->inherited_released += from->inherited_released;
    to->inherited_releases += from->inherited_releases;
    to->dropped_events += from->dropped_events;
    to->dropped_bytes += from->dropped_bytes;
    to->unknown_releases += from->unknown_releases;
    to->cut_stacks += from->cut_stacks;
    to->python_missed += from->python_missed;
    to->python_arenas += from->python_arenas;
    to->python_arenas_peak += from->python_arenas_peak;
    if (from->rise_floor > to->rise_floor)
        to->rise_floor = from->rise_floor;
}

static void add_header(struct merge *merge, struct adding *a)
{
    struct log_header *to = &merge->draft.header;
    const struct log_header *from = &a->log.header;
    uint64_t began = log_began(&a->log), ended = began + (from->end_time ? from->end_time : 0);
    bool first = !merge->logs;
    if (first) {
        to->end = from->end;
        to->exit_status = from->exit_status;
    } else if (to->end != from->end || to->exit_status != from->exit_status) {
        to->end = LOG_END_UNKNOWN;
    }
    if (began && (!to->start_real || began < to->start_real))
        to->start_real = began;
    if (ended > merge->end)
        merge->end = ended;
    to->processes += from->processes ? from->processes : 1;
    to->untraced += from->untraced;
    if (from->untraced_first.bytes && !merge->untraced.count)
        once_add(&merge->untraced, from->untraced_first.text, from->untraced_first.bytes);
    to->full |= from->full;
    to->fallback |= from->fallback;
    to->python |= from->python;
    to->finished |= from->finished;
    to->threads |= from->threads;
    to->ended |= from->ended;
    merge->unsized += !from->sizes;
    merge->unheld += !from->held;
    merge->periods += from->peak_before > from->peak;
    add_levels(a);
}

bool merge_log(struct merge *merge, const char *name)
{
    struct adding a = {.draft = &merge->draft};
    bool read = log_read(&a.log, name);
    if (read) {
        a.log.keeps_tables = true;
        model_make(&a.model, &a.log, ALL_PERIODS);
        a.modules = base_alloc(a.log.module_count + 1, sizeof *a.modules);
        a.codes = base_alloc(a.log.code_count + 1, sizeof *a.codes);
        a.threads = base_alloc(a.model.thread_count + (size_t)1, sizeof *a.threads);
        a.frames = base_alloc(a.log.frame_count + (size_t)1, sizeof *a.frames);
        a.nodes = base_alloc(a.model.node_count + (size_t)1, sizeof *a.nodes);
        add_nodes(&a);
        add_entries(&a);
        add_stretches(&a);
        add_records(&a);
        add_header(merge, &a);
        merge->logs++;
    }
    merge->damaged |= log_say_problems(&a.log) || !read;
    free(a.modules);
    free(a.codes);
    free(a.threads);
    free(a.frames);
    free(a.nodes);
    model_free(&a.model);
    log_close(&a.log);
    return read;
}

/* What stands where a process has its command: which programs, those with most processes first. */
static int by_processes(const void *a, const void *b)
{
    const struct draft_program *x = a, *y = b;
    return x->processes < y->processes ? 1 : x->processes > y->processes ? -1 : 0;
}

static void name_programs(struct draft *draft)
{
    char *command = NULL, count[TEXT_COUNT_BYTES];
    size_t bytes = 0, length;
    FILE *out = open_memstream(&command, &bytes);
    if (!out) /* no memory: it has no name then */
        return;
    if (draft->program_count > 1)
        qsort(draft->programs, draft->program_count, sizeof *draft->programs, by_processes);
    fprintf(out, "%s process%s:", text_count(count, draft->header.processes),
            draft->header.processes == 1 ? "" : "es");
    for (uint32_t i = 0; i < draft->program_count && i < 5; i++) {
        const struct draft_program *program = &draft->programs[i];
        const char *path = program->path ? once_get(&draft->texts, program->path, &length) : "?";
        if (!program->path)
            length = 1;
        const char *slash = memrchr(path, '/', length);
        int name = slash ? (int)(path + length - slash - 1) : (int)length;
        fprintf(out, "%s %s %.*s", i ? "," : "", text_count(count, program->processes), name,
                path + length - name);
    }
    if (draft->program_count > 5)
        fprintf(out, ", and %s other programs", text_count(count, draft->program_count - 5));
    fclose(out);
    draft->argv = draft_text(draft, command, bytes);
    if (draft->program_count == 1)
        draft->exe = draft->programs[0].path;
    free(command);
}

void merge_end(struct merge *merge)
{
    struct log_header *header = &merge->draft.header;
    char note[200];
    header->origin = LOG_MERGED;
    header->sizes = merge->logs && !merge->unsized;
    header->held = merge->logs && !merge->unheld;
    header->process_start = header->start_real & ~(uint64_t)1;
    if (header->peak < header->level)
        header->peak = header->level;
    if (merge->end > header->start_real && header->start_real)
        header->end_time = merge->end - header->start_real;
    if (merge->untraced.count) {
        size_t length;
        header->untraced_first.text = once_get(&merge->untraced, 1, &length);
        header->untraced_first.bytes = (uint32_t)length;
    }
    name_programs(&merge->draft);
    if (merge->periods) {
        int length =
            snprintf(note, sizeof note,
                     "of %zu process%s what was held at the peak is not known, as a period "
                     "began after it: the rows at the peak lack that",
                     merge->periods, merge->periods == 1 ? "" : "es");
        draft_note(&merge->draft, note, (size_t)length);
    }
}

void merge_free(struct merge *merge)
{
    once_free(&merge->untraced);
    draft_free(&merge->draft);
}
