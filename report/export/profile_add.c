/* SPDX-License-Identifier: MIT
 *
 * A log's stacks into a profile. Functions, lines and locations are known by texts made of the numbers of their parts: those of one log
 * and of the next are one where these are the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "export/profile.h"
#include "fold/rows.h"
#include "fold/select.h"
#include "show/name.h"

/* What is known of the log that is being added, by its own numbers; 0: not yet. */
struct adding {
    struct profile *profile;
    const struct stacks *stacks;
    uint32_t *modules, *functions; /* into the profile */
    uint32_t *places;              /* locations, by places */
    uint32_t *frames;              /* locations, by frames */
    uint32_t *node;                /* where the stack of each of the model's nodes ends */
    uint32_t root;                 /* node of the process */
};

static uint32_t module_of(struct adding *a, uint32_t module)
{
    struct profile *profile = a->profile;
    const struct log *log = &a->stacks->log;
    if (!module || module >= log->module_count || !log->modules[module].known)
        return 0;
    if (a->modules[module])
        return a->modules[module];
    const struct log_module *m = &log->modules[module];
    char hex[129] = "";
    for (uint32_t i = 0; i < m->build_id_bytes && 2 * i + 2 < sizeof hex; i++)
        sprintf(hex + (size_t)2 * i, "%02x", m->build_id[i]);
    uint32_t path = profile_text_add(profile, m->path.text, m->path.bytes);
    uint32_t build_id = profile_text_add(profile, hex, strlen(hex));
    for (uint32_t i = 1; i < profile->module_count; i++)
        if (profile->modules[i].path == path && profile->modules[i].build_id == build_id)
            return a->modules[module] = i;
    profile->modules = base_room(profile->modules, &profile->module_cap,
                                 profile->module_count + (size_t)1, sizeof *profile->modules);
    profile->modules[profile->module_count] = (struct profile_module){
        .path = path, .build_id = build_id, .base = m->base, .start = m->start, .end = m->end};
    return a->modules[module] = profile->module_count++;
}

/* The program's own module, which formats begin with, even if no stack has a frame of it. */
static void add_program(struct adding *a)
{
    const struct log *log = &a->stacks->log;
    for (uint32_t i = 1; i < log->module_count; i++) {
        const struct log_text *path = &log->modules[i].path;
        if (path->bytes && path->bytes == log->exe.bytes &&
            !memcmp(path->text, log->exe.text, path->bytes))
            module_of(a, i);
    }
}

/* What a function without a name is called: by its place. */
static uint32_t nameless(struct adding *a, const struct place *place,
                         const struct function *function)
{
    char text[320], *path;
    struct log_text module = frames_module(&a->stacks->frames, function);
    if (function->file)
        return profile_text_add(a->profile, "?", 1);
    path = base_copy(module.text ? module.text : "", module.bytes);
    const char *slash = strrchr(path, '/');
    snprintf(text, sizeof text, "%.250s+0x%" PRIx64, slash && slash[1] ? slash + 1 : path,
             place->address);
    free(path);
    return profile_text_add(a->profile, text, strlen(text));
}

static uint32_t function_of(struct adding *a, const struct place *place)
{
    struct profile *profile = a->profile;
    const struct frames *frames = &a->stacks->frames;
    const struct function *from = &frames->functions[place->function];
    const char *name = frames_name(frames, from), *file = frames_file(frames, from);
    bool known = name || file;
    char *marked = NULL;
    if (known && place->tail == TAIL_NEVER && a->functions[place->function])
        return a->functions[place->function];
    if (name && place->tail != TAIL_NEVER)
        name = marked = name_of_tail(name, place);
    struct profile_function function = {
        .name = name ? profile_text_add(profile, name, strlen(name)) : 0,
        .file = file ? profile_text_add(profile, file, strlen(file)) : 0,
        .module = module_of(a, from->module),
        .first_line = from->first_line,
        .known = known};
    if (!function.name)
        function.name = nameless(a, place, from);
    char key[64];
    bool python = !strcmp(from->language, "Python");
    int length = snprintf(key, sizeof key, "%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32,
                          function.name, function.file, function.file ? 0 : function.module,
                          python ? function.first_line : 0);
    uint32_t id = strings_add(&profile->functions_known, key, (size_t)length);
    if (id == profile->function_count) {
        profile->functions =
            base_room(profile->functions, &profile->function_cap,
                      profile->function_count + (size_t)1, sizeof *profile->functions);
        profile->functions[profile->function_count++] = function;
    }
    if (known && !marked)
        a->functions[place->function] = id;
    free(marked);
    return id;
}

/* ---- locations ---- */

static uint32_t location_add(struct adding *a, const char *key,
                             const struct profile_location *location, const uint32_t *places)
{
    struct profile *profile = a->profile;
    uint32_t id = strings_add(&profile->locations_known, key, strlen(key));
    if (id < profile->location_count)
        return id;
    profile->locations = base_room(profile->locations, &profile->location_cap,
                                   profile->location_count + (size_t)1, sizeof *profile->locations);
    profile->locations[profile->location_count] = *location;
    profile->locations[profile->location_count++].first = profile->line_count;
    struct profile_module *module = &profile->modules[location->module];
    for (uint32_t i = location->count; i-- > 0;) { /* the innermost first */
        const struct place *place = &a->stacks->frames.places[places[i]];
        struct profile_line line = {function_of(a, place),
                                    place->line == PLACE_RETURNS ? 0 : place->line};
        profile->lines = base_room(profile->lines, &profile->line_cap,
                                   profile->line_count + (size_t)1, sizeof *profile->lines);
        profile->lines[profile->line_count++] = line;
        module->named |= profile->functions[line.function].known;
        module->lined |= line.line != 0;
    }
    module->inlined |= location->count > 1;
    return id;
}

/* The run-time address of a frame, within the call. */
static uint64_t address_of(const struct adding *a, const struct log_frame *frame, uint32_t module)
{
    if (frame->kind == FRAME_UNKNOWN)
        return frame->value ? frame->value - 1 : 0;
    if (frame->kind != FRAME_NATIVE || !module || !frame->value)
        return 0;
    return a->profile->modules[module].base + frame->value - 1;
}

/* All of a frame: native code by its address, else by its one place. */
static uint32_t location_of_frame(struct adding *a, uint32_t frame, const uint32_t *places,
                                  uint32_t count)
{
    struct log_frame from = frames_of_log(&a->stacks->frames, frame);
    uint32_t module = from.kind == FRAME_NATIVE ? module_of(a, from.owner) : 0;
    struct profile_location location = {.kind = LOCATION_CODE,
                                        .module = module,
                                        .address = address_of(a, &from, module),
                                        .count = count};
    char key[96];
    const struct place *place = &a->stacks->frames.places[places[0]];
    snprintf(key, sizeof key, "f %" PRIu32 " %" PRIx64 " %" PRIu32 " %" PRIu32, module,
             location.address, count, location.address ? 0 : function_of(a, place));
    if (!location.address)
        snprintf(key + strlen(key), 16, " %" PRIu32, place->line);
    return location_add(a, key, &location, places);
}

/* One place of a frame. */
static uint32_t location_of_place(struct adding *a, uint32_t frame, uint32_t index)
{
    struct log_frame from = frames_of_log(&a->stacks->frames, frame);
    const struct place *place = &a->stacks->frames.places[index];
    bool native = from.kind == FRAME_NATIVE && place->tail != TAIL_ALWAYS;
    uint32_t module = native ? module_of(a, from.owner) : 0;
    struct profile_location location = {.kind = LOCATION_CODE,
                                        .module = module,
                                        .address = address_of(a, &from, module),
                                        .count = 1};
    char key[64];
    uint32_t line = place->line == PLACE_RETURNS ? 0 : place->line;
    snprintf(key, sizeof key, "p %" PRIu32 " %" PRIu32, function_of(a, place), line);
    return location_add(a, key, &location, &index);
}

/* ---- nodes ---- */

static uint32_t root_of(struct adding *a, const struct node *node)
{
    const struct model *model = &a->stacks->model;
    struct log_frame frame = {.kind = FRAME_UNKNOWN};
    uint32_t at = a->root;
    if (node->frame)
        frame = frames_of_log(&a->stacks->frames, node->frame);
    if ((a->profile->how & PROFILE_PERIODS) && a->stacks->log.header.period) {
        char name[32];
        uint32_t period = frame.kind == FRAME_THREAD ? (uint32_t)frame.value : 0;
        snprintf(name, sizeof name, "period %" PRIu32, period);
        at = profile_child(a->profile, at,
                           profile_special(a->profile, LOCATION_PERIOD, name, period));
    }
    if (a->profile->how & PROFILE_THREADS) {
        const char *name =
            node->thread < model->thread_count ? model->threads[node->thread].name : "";
        at = profile_child(
            a->profile, at,
            profile_special(a->profile, LOCATION_THREAD, *name ? name : "(thread not known)", 0));
    }
    return at;
}

static void add_nodes(struct adding *a)
{
    const struct model *model = &a->stacks->model;
    const struct frames *frames = &a->stacks->frames;
    struct profile *profile = a->profile;
    a->node[0] = a->root;
    /* For most as many as will come: room that is not used takes no memory. */
    profile->nodes =
        base_room(profile->nodes, &profile->node_cap,
                  profile->node_count + (size_t)model->node_count, sizeof *profile->nodes);
    for (uint32_t i = 1; i < model->node_count; i++) {
        const struct node *node = &model->nodes[i];
        uint32_t at = node->parent ? a->node[node->parent] : root_of(a, node);
        const uint32_t *places;
        uint32_t count = frames_places(frames, node->frame, &places);
        /* Functions around a frame that a tail call took off the stack are no inlined calls of it. */
        bool by_place =
            a->profile->how & PROFILE_PLACES || node->frame >= a->stacks->log.frame_count;
        if (count && !by_place) {
            uint32_t *known = &a->frames[node->frame];
            *known = *known ? *known : location_of_frame(a, node->frame, places, count);
            at = profile_child(a->profile, at, *known);
        }
        for (uint32_t k = 0; k < count && by_place; k++) {
            uint32_t *known = &a->places[places[k]];
            *known = *known ? *known : location_of_place(a, node->frame, places[k]);
            at = profile_child(a->profile, at, *known);
        }
        a->node[i] = at;
    }
}

static void figures_add(int64_t own[FIGURES], const struct sums *sums, bool released)
{
    own[FIGURE_PEAK] = figure_plus(own[FIGURE_PEAK], sums->at_peak);
    own[FIGURE_PEAK_BLOCKS] = figure_plus(own[FIGURE_PEAK_BLOCKS], (int64_t)sums->blocks_at_peak);
    own[FIGURE_LIVE] = figure_plus(own[FIGURE_LIVE], sums_live(sums));
    own[FIGURE_LEAKED] = figure_plus(own[FIGURE_LEAKED], sums_leaked(sums));
    own[FIGURE_ALLOCATED] = figure_plus(own[FIGURE_ALLOCATED], (int64_t)sums->allocated);
    own[FIGURE_ALLOCATIONS] = figure_plus(own[FIGURE_ALLOCATIONS], (int64_t)sums->allocations);
    if (released)
        own[FIGURE_RELEASED] = figure_plus(own[FIGURE_RELEASED], (int64_t)sums->released);
    own[FIGURE_FREES] = figure_plus(own[FIGURE_FREES], (int64_t)sums->gone_count);
    own[FIGURE_TOP] = figure_plus(own[FIGURE_TOP], (int64_t)sums->live_peak);
}

static bool takes_all(const struct stacks *stacks, const struct filter *filter)
{
    return stacks_whole(stacks) && !stacks->under && !filter->thread && !filter->function &&
           !filter->file && !filter->module;
}

/* What was live when the program finished is known of nodes and of the process. The rest is of stacks that are not known. */
static void add_rest(struct adding *a, const struct query *query, int64_t live)
{
    struct profile *profile = a->profile;
    const struct log_header *h = &a->stacks->log.header;
    int64_t rest = figure_minus(0, live);
    for (unsigned class = 0; class < CLASSES; class ++)
        if (query_counts(query, class))
            rest = figure_plus(rest, (int64_t)h->class_level[class].live);
    if (!rest || !a->stacks->model.lost.allocations || !takes_all(a->stacks, &query->filter))
        return;
    uint32_t node = profile_child(
        profile, a->root, profile_special(profile, LOCATION_UNKNOWN, "(stack not known)", 0));
    int64_t *own = profile->nodes[node].own;
    own[FIGURE_LIVE] = figure_plus(own[FIGURE_LIVE], rest);
}

static void add_figures(struct adding *a, const struct filter *filter)
{
    int64_t live = 0;
    struct profile *profile = a->profile;
    struct query query = {.filter = *filter};
    struct selection selection;
    struct leaf leaf;
    selection_make(&selection, a->stacks, filter);
    for (size_t at = 0; stacks_next(a->stacks, &at, &leaf);) {
        if (!selection_has(&selection, leaf.node) || !query_counts(&query, leaf.class))
            continue;
        uint32_t node = a->node[leaf.node];
        if (node == a->root || profile_at(profile, node)->kind != LOCATION_CODE)
            node = profile_child(
                profile, node, profile_special(profile, LOCATION_UNKNOWN, "(stack not known)", 0));
        bool released = profile->how & PROFILE_RELEASES;
        live = figure_plus(live, sums_live(&leaf.sums));
        figures_add(profile->nodes[node].own, &leaf.sums, released);
    }
    selection_free(&selection);
    add_rest(a, &query, live);
}

/* ---- processes ---- */

static uint32_t command_of(struct profile *profile, const struct log *log)
{
    struct log_text text = log->argv.bytes ? log->argv : log->exe;
    char *copy = base_copy(text.text ? text.text : "", text.bytes);
    size_t bytes = text.bytes;
    while (bytes && !copy[bytes - 1])
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        if (!copy[i])
            copy[i] = ' ';
    uint32_t id = profile_text_add(profile, bytes ? copy : "(unknown program)",
                                   bytes ? bytes : strlen("(unknown program)"));
    free(copy);
    return id;
}

static uint64_t duration_of(const struct log *log)
{
    uint64_t known = log->header.end_time;
    if (!known && log->sample_count)
        known = log->samples[log->sample_count - 1].time;
    return known > log->header.peak_time ? known : log->header.peak_time;
}

static void add_marks(struct profile *profile, struct profile_process *process,
                      const struct log *log)
{
    process->marks = base_alloc(log->mark_count, sizeof *process->marks);
    for (size_t i = 0; i < log->mark_count; i++) {
        struct log_text name = log->marks[i].name;
        const char *shown = name.bytes ? name.text : "(no name)";
        size_t bytes = name.bytes ? name.bytes : strlen("(no name)");
        process->marks[process->mark_count++] = (struct profile_mark){
            .time = log->marks[i].time, .name = profile_text_add(profile, shown, bytes)};
    }
}

static void add_process(struct profile *profile, const struct log *log)
{
    char *exe = base_copy(log->exe.text ? log->exe.text : "", log->exe.bytes);
    const char *slash = strrchr(exe, '/');
    const char *base = slash && slash[1] ? slash + 1 : exe;
    profile->processes = base_room(profile->processes, &profile->process_cap,
                                   profile->process_count + (size_t)1, sizeof *profile->processes);
    struct profile_process *process = &profile->processes[profile->process_count++];
    *process = (struct profile_process){
        .pid = log->header.pid,
        .parent_pid = log->header.parent_pid,
        .name =
            profile_text_add(profile, *base ? base : "program", strlen(*base ? base : "program")),
        .exe = profile_text_add(profile, exe, strlen(exe)),
        .command = command_of(profile, log),
        .host = profile_text_add(profile, log->header.host.text, log->header.host.bytes),
        .start = log->header.start_real,
        .duration = duration_of(log),
        .peak = log_peak(log),
        .peak_time = log->header.peak_time,
        .sample_count = log->sample_count};
    process->samples = base_alloc(log->sample_count, sizeof *process->samples);
    if (log->sample_count)
        memcpy(process->samples, log->samples, log->sample_count * sizeof *process->samples);
    add_marks(profile, process, log);
    free(exe);
}

void profile_add_more(struct profile *profile, const struct stacks *stacks,
                      const struct filter *filter)
{
    const struct frames *frames = &stacks->frames;
    struct adding a = {.profile = profile, .stacks = stacks};
    a.modules = base_alloc(stacks->log.module_count + 1, sizeof *a.modules);
    a.functions = base_alloc(frames->function_count + 1, sizeof *a.functions);
    a.places = base_alloc(frames->place_count + 1, sizeof *a.places);
    a.frames = base_alloc(stacks->log.frame_count + (size_t)1, sizeof *a.frames);
    a.node = base_alloc(stacks->model.node_count + (size_t)1, sizeof *a.node);
    if (profile->how & PROFILE_PROCESSES)
        a.root = profile_child(profile, 0, profile->processes[profile->process_count - 1].root);
    profile->held &= stacks->log.header.held;
    add_program(&a);
    add_nodes(&a);
    add_figures(&a, filter);
    free(a.modules);
    free(a.functions);
    free(a.places);
    free(a.frames);
    free(a.node);
}

void profile_add(struct profile *profile, const struct stacks *stacks, const struct filter *filter)
{
    add_process(profile, &stacks->log);
    struct profile_process *process = &profile->processes[profile->process_count - 1];
    if (profile->how & PROFILE_PROCESSES) {
        char name[320];
        snprintf(name, sizeof name, "%.250s", profile_text(profile, process->name));
        if (process->pid && profile->how & PROFILE_PIDS)
            snprintf(name + strlen(name), 32, " (pid %" PRId32 ")", process->pid);
        process->root =
            profile_special(profile, LOCATION_PROCESS, name, profile->process_count - 1);
    }
    profile_add_more(profile, stacks, filter);
}
