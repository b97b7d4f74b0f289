/* SPDX-License-Identifier: MIT */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "progress.h"
#include "rank.h"
#include "symbols.h"

const char *frames_file(const struct frames *frames, const struct function *function)
{
    return strings_get(&frames->strings, function->file);
}

const char *frames_name(const struct frames *frames, const struct function *function)
{
    return strings_get(&frames->strings, function->name);
}

struct log_text frames_module(const struct frames *frames, const struct function *function)
{
    if (function->module < frames->log->module_count)
        return frames->log->modules[function->module].path;
    return (struct log_text){0};
}

/* Two records for one function (a module loaded twice, inlined and not) may each know a part of its
 * extent. */
static void function_extend(struct function *known, const struct function *more)
{
    if (more->first_line && (!known->first_line || more->first_line < known->first_line))
        known->first_line = more->first_line;
    if (more->last_line > known->last_line)
        known->last_line = more->last_line;
    if (more->rank < known->rank)
        known->rank = more->rank;
}

/* A function is its file and name; Python's also its first line, because names there are not unique
 * (lambdas), native code without a source file also its module. */
static uint32_t function_add(struct frames *frames, const struct function *function)
{
    bool python = !strcmp(function->language, "Python");
    uint32_t key[4] = {function->name, function->file, function->file ? 0 : function->module,
                       python ? function->first_line : 0};
    uint32_t *first = map_at(&frames->function_index, map_hash(key, sizeof key));
    for (uint32_t id = *first; id; id = frames->function_chain[id - 1]) {
        struct function *known = &frames->functions[id - 1];
        if (known->name == function->name && known->file == function->file &&
            (known->file || known->module == function->module) &&
            (!python || known->first_line == function->first_line)) {
            function_extend(known, function);
            return id - 1;
        }
    }
    size_t count = frames->function_count++;
    frames->functions =
        base_room(frames->functions, &frames->function_cap, count + 1, sizeof *frames->functions);
    frames->function_chain = base_room(frames->function_chain, &frames->function_chain_cap,
                                       count + 1, sizeof *frames->function_chain);
    frames->functions[count] = *function;
    frames->function_chain[count] = *first;
    *first = (uint32_t)count + 1;
    return (uint32_t)count;
}

static uint32_t place_add(struct frames *frames, const struct place *place)
{
    uint64_t key[2] = {(uint64_t)place->function << 32 | place->line, place->address};
    uint32_t *first = map_at(&frames->place_index, map_hash(key, sizeof key));
    for (uint32_t id = *first; id; id = frames->place_chain[id - 1]) {
        const struct place *known = &frames->places[id - 1];
        if (known->function == place->function && known->line == place->line &&
            known->address == place->address)
            return id - 1;
    }
    size_t count = frames->place_count++;
    frames->places =
        base_room(frames->places, &frames->place_cap, count + 1, sizeof *frames->places);
    frames->place_chain = base_room(frames->place_chain, &frames->place_chain_cap, count + 1,
                                    sizeof *frames->place_chain);
    frames->places[count] = *place;
    frames->place_chain[count] = *first;
    *first = (uint32_t)count + 1;
    return (uint32_t)count;
}

/* ---- the kinds of frames ---- */

/* The places of one frame, outermost first. */
struct resolved {
    uint32_t count;
    uint32_t places[SYMBOLS_INLINED_MAX];
};

static void resolve_word(struct frames *frames, const char *word, struct resolved *out)
{
    struct function function = {.name = strings_add(&frames->strings, word, strlen(word)),
                                .language = "native",
                                .rank = RANK_LIBRARY};
    struct place place = {.function = function_add(frames, &function)};
    out->count = 1;
    out->places[0] = place_add(frames, &place);
}

static void resolve_python(struct frames *frames, const struct mt_frame_entry *frame,
                           struct resolved *out)
{
    const struct log *log = frames->log;
    struct log_code code = {0};
    if (frame->owner < log->code_count)
        code = log->codes[frame->owner];
    struct function function = {.language = "Python", .first_line = code.first_line};
    if (code.file.text)
        function.file = strings_add(&frames->strings, code.file.text, code.file.bytes);
    if (code.name.text)
        function.name = strings_add(&frames->strings, code.name.text, code.name.bytes);
    function.rank = rank_python(strings_get(&frames->strings, function.file));
    struct place place = {.function = function_add(frames, &function),
                          .line = frame->value <= INT32_MAX ? (uint32_t)frame->value : 0};
    out->count = 1;
    out->places[0] = place_add(frames, &place);
}

static void resolve_native(struct frames *frames, const struct mt_frame_entry *frame,
                           struct symbols *symbols, const char *module_path, struct resolved *out)
{
    struct symbol found[SYMBOLS_INLINED_MAX];
    uint64_t address = frame->value ? frame->value - 1 : 0;
    size_t count = symbols_find(symbols, address, found);
    bool python = frames->log->header.flags & MT_FLAG_PYTHON;
    if (!count) {
        found[0] = (struct symbol){.language = "native"};
        count = 1;
    }
    out->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const struct symbol *symbol = &found[count - 1 - i];
        const char *file = strings_get(&frames->strings, symbol->file);
        struct function function = {.name = symbol->function,
                                    .file = symbol->file,
                                    .module = frame->owner,
                                    .first_line = symbol->first_line,
                                    .last_line = symbol->last_line,
                                    .language = symbol->language,
                                    .rank = rank_native(file, module_path, python)};
        struct place place = {.function = function_add(frames, &function),
                              .line = symbol->line,
                              .address = symbol->function || symbol->file ? 0 : address};
        out->places[i] = place_add(frames, &place);
    }
}

/* ---- all frames ---- */

/* The module that is open: frames come sorted by module, so one at a time is enough. */
struct resolver {
    struct frames *frames;
    uint32_t module;
    struct symbols *symbols;
    char *path;
    bool tracker; /* its frames, where it stands in for a function of Python's, are left out */
};

static void resolver_close(struct resolver *resolver)
{
    if (resolver->symbols)
        symbols_close(resolver->symbols);
    free(resolver->path);
    resolver->symbols = NULL;
    resolver->path = NULL;
}

static void resolver_open(struct resolver *resolver, uint32_t module)
{
    const struct log *log = resolver->frames->log;
    if (resolver->symbols && resolver->module == module)
        return;
    resolver_close(resolver);
    struct log_module none = {0};
    const struct log_module *m = module < log->module_count ? &log->modules[module] : &none;
    resolver->module = module;
    resolver->path = base_copy(m->path.text ? m->path.text : "", m->path.bytes);
    resolver->tracker = rank_is_tracker(resolver->path);
    resolver->symbols = symbols_open(resolver->tracker ? "" : resolver->path, m->build_id,
                                     m->build_id_bytes, &resolver->frames->strings);
    const char *problem = symbols_problem(resolver->symbols);
    if (problem) {
        base_say("%s: no symbols: %s %s", log->name, resolver->path, problem);
        resolver->frames->module_problems++;
    }
}

static void resolve_frame(struct resolver *resolver, uint32_t index, struct resolved *out)
{
    struct frames *frames = resolver->frames;
    const struct mt_frame_entry *frame = &frames->log->frames[index];
    out->count = 0;
    switch (frame->kind) {
    case MT_FRAME_NATIVE:
        resolver_open(resolver, frame->owner);
        if (!resolver->tracker)
            resolve_native(frames, frame, resolver->symbols, resolver->path, out);
        break;
    case MT_FRAME_PYTHON:
        resolve_python(frames, frame, out);
        break;
    case MT_FRAME_THREAD:
        break;
    case MT_FRAME_CUT:
        resolve_word(frames, "[frames further out are not known]", out);
        break;
    default:
        resolve_word(frames, "[unknown code]", out);
        break;
    }
}

static int frame_order(const void *a, const void *b, void *context)
{
    const struct mt_frame_entry *all = context;
    const struct mt_frame_entry *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* The frames that are used, in the order in which it is cheapest to resolve them. */
static uint32_t *frames_wanted(const struct model *model, uint32_t *count)
{
    const struct log *log = model->log;
    unsigned char *wanted = base_alloc(log->frame_count + (size_t)1, 1);
    uint32_t *list = base_alloc(log->frame_count + (size_t)1, sizeof *list);
    for (uint32_t i = 1; i < log->node_count; i++)
        wanted[model->nodes[i].frame] = 1;
    *count = 0;
    for (uint32_t f = 1; f < log->frame_count; f++)
        if (wanted[f])
            list[(*count)++] = f;
    free(wanted);
    qsort_r(list, *count, sizeof *list, frame_order, (void *)(uintptr_t)log->frames);
    return list;
}

void frames_make(struct frames *frames, struct model *model)
{
    const struct log *log = model->log;
    *frames = (struct frames){.log = log};
    uint32_t count;
    uint32_t *wanted = frames_wanted(model, &count);
    /* First in the order of resolving: where each frame's places stand in `found`, and how many. */
    uint32_t *at = base_alloc(log->frame_count + (size_t)1, sizeof *at);
    uint32_t *length = base_alloc(log->frame_count + (size_t)2, sizeof *length);
    uint32_t *found = NULL;
    size_t found_count = 0, found_cap = 0;
    struct resolver resolver = {.frames = frames};
    struct progress progress;
    progress_start(&progress, "reading symbols", count);
    for (uint32_t i = 0; i < count; i++) {
        struct resolved resolved;
        resolve_frame(&resolver, wanted[i], &resolved);
        found = base_room(found, &found_cap, found_count + resolved.count + 1, sizeof *found);
        for (uint32_t k = 0; k < resolved.count; k++)
            found[found_count + k] = resolved.places[k];
        at[wanted[i]] = (uint32_t)found_count;
        length[wanted[i]] = resolved.count;
        found_count += resolved.count;
        progress_at(&progress, i);
    }
    progress_end(&progress);
    resolver_close(&resolver);
    /* Then by frame. */
    frames->start = base_alloc(log->frame_count + (size_t)2, sizeof *frames->start);
    frames->place_of = base_alloc(found_count + 1, sizeof *frames->place_of);
    for (uint32_t f = 0; f < log->frame_count; f++) {
        for (uint32_t k = 0; k < length[f]; k++)
            frames->place_of[frames->start[f] + k] = found[at[f] + k];
        frames->start[f + 1] = frames->start[f] + length[f];
    }
    free(found);
    free(at);
    free(length);
    free(wanted);
}

void frames_free(struct frames *frames)
{
    strings_free(&frames->strings);
    map_free(&frames->function_index);
    map_free(&frames->place_index);
    free(frames->functions);
    free(frames->function_chain);
    free(frames->places);
    free(frames->place_chain);
    free(frames->start);
    free(frames->place_of);
    *frames = (struct frames){0};
}
