/* SPDX-License-Identifier: MIT */
#include "resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "symbols/batch.h"
#include "symbols/find.h"
#include "symbols/jit.h"
#include "base/progress.h"
#include "resolve/packed.h"
#include "resolve/places.h"
#include "resolve/tails.h"
#include "symbols/symbols.h"

static void resolve_word(struct frames *frames, const char *word, struct resolved *out)
{
    struct function function = {.name = strings_add(&frames->strings, word, strlen(word)),
                                .language = "native",
                                .rank = RANK_LIBRARY};
    struct place place = {.function = places_function(frames, &function)};
    out->count = 1;
    out->places[0] = places_place(frames, &place);
}

/* Code of a JIT compiler that wrote its names down. */
static void resolve_made(struct frames *frames, const struct jit_code *code, struct resolved *out)
{
    struct function function = {.name =
                                    strings_add(&frames->strings, code->name, strlen(code->name)),
                                .language = "native",
                                .rank = code->file ? RANK_USER : RANK_PROGRAM};
    if (code->file)
        function.file = strings_add(&frames->strings, code->file, strlen(code->file));
    struct place place = {.function = places_function(frames, &function), .line = code->line};
    out->count = 1;
    out->places[0] = places_place(frames, &place);
}

uint32_t frames_python(struct frames *frames, uint32_t owner, uint32_t line)
{
    const struct log *log = frames->log;
    struct log_code code = {0};
    if (owner < log->code_count)
        code = log->codes[owner];
    struct function function = {
        .language = "Python", .first_line = code.first_line, .command = code.command};
    if (code.file.text)
        function.file = strings_add(&frames->strings, code.file.text, code.file.bytes);
    if (code.name.text)
        function.name = strings_add(&frames->strings, code.name.text, code.name.bytes);
    function.rank = rank_python(strings_get(&frames->strings, function.file));
    struct place place = {.function = places_function(frames, &function), .line = line};
    return places_place(frames, &place);
}

static void resolve_python(struct frames *frames, const struct log_frame *frame,
                           struct resolved *out)
{
    out->count = 1;
    bool is_line = frame->value <= INT32_MAX || frame->value == LOG_LINE_RETURN;
    out->places[0] = frames_python(frames, frame->owner, is_line ? (uint32_t)frame->value : 0);
}

static uint32_t text_add(struct frames *frames, struct log_text text)
{
    return text.bytes ? strings_add(&frames->strings, text.text, text.bytes) : 0;
}

/* ---- all frames ---- */

/* A frame that is to be resolved. */
struct wanted {
    uint32_t index;
    struct log_frame frame;
};

/* The places of all frames, in the order of resolving. */
struct resolver {
    struct frames *frames;
    uint32_t *at, *length; /* of each frame, in `found` */
    uint32_t *found;
    size_t found_count, found_cap;
    struct progress progress;
    struct symbol_call *calls; /* of each frame; names in `names` */
    struct strings names;      /* what the linker calls functions */
    struct find *find;
    struct jit *jit;
};

static void resolver_keep(struct resolver *resolver, uint32_t frame,
                          const struct resolved *resolved)
{
    resolver->found = base_room(resolver->found, &resolver->found_cap,
                                resolver->found_count + resolved->count + 1, sizeof(uint32_t));
    for (uint32_t k = 0; k < resolved->count; k++)
        resolver->found[resolver->found_count + k] = resolved->places[k];
    resolver->at[frame] = (uint32_t)resolver->found_count;
    resolver->length[frame] = resolved->count;
    resolver->found_count += resolved->count;
}

/* Native frames of one module, list[0..count), whose names stand in the log. The others are left in the list; their number. */
static uint32_t resolve_here(struct resolver *resolver, struct wanted *list, uint32_t count,
                             const char *path)
{
    struct frames *frames = resolver->frames;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t known;
        const struct log_frame *frame = &list[i].frame;
        const struct log_place *place = log_places(frames->log, frame->owner, frame->value, &known);
        struct symbol symbols[SYMBOLS_INLINED_MAX];
        struct resolved resolved;
        if (!known) {
            list[left++] = list[i];
            continue;
        }
        if (known > SYMBOLS_INLINED_MAX)
            known = SYMBOLS_INLINED_MAX;
        for (size_t k = 0; k < known; k++)
            symbols[k] = (struct symbol){.function = text_add(frames, place[k].function),
                                         .file = text_add(frames, place[k].file),
                                         .line = place[k].line,
                                         .language = "native"};
        /* Where the module is not known, the source file tells whose code it is. */
        places_native(frames, frame, symbols, (uint32_t)known, *path ? path : "?", false,
                      &resolved);
        resolver_keep(resolver, list[i].index, &resolved);
    }
    return left;
}

/* Native frames of one module, list[0..count). The tracker's own, where it stands in for a function
 * of Python's, are left out. */
static void resolve_module(struct resolver *resolver, struct wanted *list, uint32_t count,
                           size_t done_before)
{
    struct frames *frames = resolver->frames;
    const struct log *log = frames->log;
    struct log_module none = {0};
    uint32_t module = list[0].frame.owner;
    const struct log_module *m = module < log->module_count ? &log->modules[module] : &none;
    char *path = base_copy(m->path.text ? m->path.text : "", m->path.bytes);
    if (log->place_count)
        count = resolve_here(resolver, list, count, path);
    if (!count || rank_is_tracker(path)) {
        free(path);
        return;
    }
    struct batch batch = {.items = base_alloc(count, sizeof *batch.items),
                          .count = count,
                          .wanted = {.path = path,
                                     .build_id = m->build_id,
                                     .build_id_bytes = m->build_id_bytes,
                                     .find = resolver->find,
                                     .progress = &resolver->progress,
                                     .stamped = m->stamp.known,
                                     .bytes = m->stamp.bytes,
                                     .modified = m->stamp.modified},
                          .strings = &frames->strings,
                          .names = &resolver->names,
                          .progress = &resolver->progress,
                          .done_before = done_before};
    for (uint32_t i = 0; i < count; i++)
        batch.items[i].address = places_address(&list[i].frame);
    progress_of(&resolver->progress, path);
    packed_batch(log, module, &batch);
    for (uint32_t i = 0; i < count; i++) {
        struct resolved resolved;
        const struct batch_item *item = &batch.items[i];
        places_native(frames, &list[i].frame, item->count ? batch.symbols + item->first : NULL,
                      item->count, path, false, &resolved);
        resolver->calls[list[i].index] = item->call;
        resolver_keep(resolver, list[i].index, &resolved);
    }
    if (batch.problem || batch.lines_problem) {
        progress_end(&resolver->progress); /* the bar makes room; it comes again */
        base_say("%s: no %s: %s %s", log->name, batch.problem ? "symbols" : "lines", path,
                 batch.problem ? batch.problem : batch.lines_problem);
        frames->module_problems++;
    }
    batch_free(&batch);
    free(batch.items);
    free(path);
}

static void resolve_other(struct resolver *resolver, const struct wanted *wanted)
{
    struct frames *frames = resolver->frames;
    const struct log_frame *frame = &wanted->frame;
    struct resolved resolved = {0};
    struct jit_code made;
    switch (frame->kind) {
    case FRAME_PYTHON:
        resolve_python(frames, frame, &resolved);
        break;
    case FRAME_THREAD:
        break;
    case FRAME_CUT:
        resolve_word(frames, "[outer frames are not known]", &resolved);
        break;
    default:
        if (packed_made(frames->log, resolver->jit, places_address(frame), &made))
            resolve_made(frames, &made, &resolved);
        else
            resolve_word(frames, "[unknown code]", &resolved);
        break;
    }
    resolver_keep(resolver, wanted->index, &resolved);
}

static int frame_order(const void *a, const void *b)
{
    const struct log_frame *x = &((const struct wanted *)a)->frame;
    const struct log_frame *y = &((const struct wanted *)b)->frame;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* The frames that are used, in the order in which it is cheapest to resolve them. */
static struct wanted *frames_wanted(const struct model *model, uint32_t *count)
{
    const struct log *log = model->log;
    unsigned char *used = base_alloc(log->frame_count + (size_t)1, 1);
    *count = 0;
    for (uint32_t i = 1; i < model->node_count; i++)
        used[model->nodes[i].frame] = 1;
    for (uint32_t f = 1; f < log->frame_count; f++)
        *count += used[f];
    struct wanted *list = base_alloc(*count, sizeof *list);
    *count = 0;
    for (uint32_t f = 1; f < log->frame_count; f++)
        if (used[f])
            list[(*count)++] = (struct wanted){f, log_frame(log, f)};
    free(used);
    qsort(list, *count, sizeof *list, frame_order);
    return list;
}

/* From the order of resolving to the order of frames. */
static void frames_take(struct frames *frames, const struct resolver *resolver)
{
    uint32_t count = frames->log->frame_count;
    frames->frame_count = count;
    frames->start = base_room(NULL, &frames->start_cap, count + (size_t)2, sizeof *frames->start);
    memset(frames->start, 0, (count + (size_t)2) * sizeof *frames->start);
    frames->place_of =
        base_room(NULL, &frames->place_of_cap, resolver->found_count + 1, sizeof *frames->place_of);
    for (uint32_t f = 0; f < count; f++) {
        for (uint32_t k = 0; k < resolver->length[f]; k++)
            frames->place_of[frames->start[f] + k] = resolver->found[resolver->at[f] + k];
        frames->start[f + 1] = frames->start[f] + resolver->length[f];
    }
}

/* A stripped program has no names that could be hidden behind its nameless code, so that is shown as its own. In an interpreter it
 * is the interpreter's. */
static void rank_stripped(struct frames *frames)
{
    const struct log *log = frames->log;
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        if (function->rank < RANK_LIBRARY && places_of_program(log, function->module))
            return;
    }
    for (size_t f = 0; f < frames->function_count && !log->header.python; f++) {
        struct function *function = &frames->functions[f];
        if (!function->name && !function->file && places_of_program(log, function->module))
            function->rank = RANK_PROGRAM;
    }
}

/* Files that are no longer where they were may be near the log, and near where the program was started; a JIT compiler's are there, too. */
static void resolver_look(struct resolver *resolver, const struct log *log)
{
    const char *slash = strrchr(log->name, '/');
    char *folder = slash
                       ? base_copy(log->name, slash == log->name ? 1 : (size_t)(slash - log->name))
                       : base_copy(".", 1);
    char *cwd = base_copy(log->cwd.text ? log->cwd.text : "", log->cwd.bytes);
    const char *folders[] = {folder, cwd[0] == '/' ? cwd : NULL, NULL};
    resolver->find = find_make();
    for (size_t i = 0; folders[i]; i++)
        find_near(resolver->find, folders[i]);
    resolver->jit = jit_open(log->header.pid, log_began(log), folders);
    free(folder);
    free(cwd);
}

void frames_make(struct frames *frames, struct model *model)
{
    const struct log *log = model->log;
    *frames = (struct frames){.log = log};
    uint32_t count;
    struct wanted *wanted = frames_wanted(model, &count);
    struct resolver resolver = {
        .frames = frames,
        .at = base_alloc(log->frame_count + (size_t)1, sizeof(uint32_t)),
        .length = base_alloc(log->frame_count + (size_t)1, sizeof(uint32_t)),
        .calls = base_alloc(log->frame_count + (size_t)1, sizeof *resolver.calls)};
    resolver_look(&resolver, log);
    progress_start(&resolver.progress, "reading symbols", count);
    for (uint32_t i = 0, end; i < count; i = end) {
        end = i + 1;
        if (wanted[i].frame.kind != FRAME_NATIVE) {
            resolve_other(&resolver, &wanted[i]);
            continue;
        }
        while (end < count && wanted[end].frame.kind == FRAME_NATIVE &&
               wanted[end].frame.owner == wanted[i].frame.owner)
            end++;
        resolve_module(&resolver, wanted + i, end - i, i);
    }
    progress_end(&resolver.progress);
    frames_take(frames, &resolver);
    tails_make(frames, model, resolver.calls, &resolver.names, resolver.find);
    rank_stripped(frames);
    find_free(resolver.find);
    jit_free(resolver.jit);
    free(resolver.found);
    free(resolver.at);
    free(resolver.length);
    free(resolver.calls);
    strings_free(&resolver.names);
    free(wanted);
}
