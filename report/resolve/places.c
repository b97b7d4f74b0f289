/* SPDX-License-Identifier: MIT */
#include "resolve/places.h"

#include <string.h>

#include "base/base.h"
#include "resolve/rules.h"

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
uint32_t places_function(struct frames *frames, const struct function *function)
{
    bool python = !strcmp(function->language, "Python");
    uint32_t key[5] = {function->name, function->file, function->file ? 0 : function->module,
                       python ? function->first_line : 0, function->command};
    uint32_t *first = map_at(&frames->function_index, map_key(key, sizeof key));
    for (uint32_t id = *first; id; id = frames->function_chain[id - 1]) {
        struct function *known = &frames->functions[id - 1];
        if (known->name == function->name && known->file == function->file &&
            (known->file || known->module == function->module) &&
            (!python || known->first_line == function->first_line) &&
            known->command == function->command) {
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

uint32_t places_place(struct frames *frames, const struct place *place)
{
    uint64_t key[2] = {(uint64_t)place->function << 32 | place->line, place->address};
    uint32_t *first = map_at(&frames->place_index, map_key(key, sizeof key));
    for (uint32_t id = *first; id; id = frames->place_chain[id - 1]) {
        struct place *known = &frames->places[id - 1];
        if (known->function == place->function && known->line == place->line &&
            known->address == place->address) {
            if (known->tail != place->tail)
                known->tail = TAIL_AT_TIMES;
            return id - 1;
        }
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

bool places_of_program(const struct log *log, uint32_t module)
{
    const struct log_text *exe = &log->exe;
    return exe->bytes && module < log->module_count &&
           log->modules[module].path.bytes == exe->bytes &&
           !memcmp(log->modules[module].path.text, exe->text, exe->bytes);
}

/* One of its places; false: nobody is to see it. */
static bool resolve_symbol(struct frames *frames, const struct log_frame *frame,
                           const struct symbol *symbol, const char *module_path, bool tail,
                           uint32_t *out)
{
    const char *name = strings_get(&frames->strings, symbol->function);
    if (name && (rules_start(name) || (!frames_shims && rules_shim(name))))
        return false;
    struct rank_code code = {.name = name,
                             .file = strings_get(&frames->strings, symbol->file),
                             .module = module_path,
                             .program = places_of_program(frames->log, frame->owner),
                             .python = frames->log->header.python};
    struct function function = {.name = symbol->function,
                                .file = symbol->file,
                                .module = frame->owner,
                                .first_line = symbol->first_line,
                                .last_line = symbol->last_line,
                                .language = symbol->language,
                                .rank = rank_native(&code)};
    struct place place = {.function = places_function(frames, &function),
                          .line = symbol->line,
                          .tail = tail ? TAIL_ALWAYS : TAIL_NEVER,
                          .address = symbol->function || symbol->file ? 0 : places_address(frame)};
    *out = places_place(frames, &place);
    return true;
}

void places_native(struct frames *frames, const struct log_frame *frame, const struct symbol *found,
                   uint32_t count, const char *module_path, bool tail, struct resolved *out)
{
    static const struct symbol nothing = {.language = "native"};
    out->count = 0;
    for (uint32_t i = 0; i < (count ? count : 1); i++)
        out->count += resolve_symbol(frames, frame, count ? &found[count - 1 - i] : &nothing,
                                     module_path, tail, &out->places[out->count]);
}
