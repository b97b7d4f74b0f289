/* SPDX-License-Identifier: MIT
 *
 * pprof's profile.proto, in gzip. Ids are 1, 2, 3, ... in the order of their tables, as some readers want them. Of several processes,
 * or with --threads, samples have labels, as roots would be taken for code.
 */
#include <stdlib.h>
#include <string.h>

#include <pprof.pb-c.h>

#include "base/base.h"
#include "export/formats.h"
#include "export/protobuf.h"
#include "export/used.h"

struct making {
    const struct profile *profile;
    struct arena arena;
    struct text_table texts;
    uint64_t *modules; /* by the profile's: ids; 0: not used */
    uint64_t *functions, *locations;
    size_t deepest;    /* SIZE_MAX: stacks are whole */
    uint64_t left_out; /* location that stands for outer frames that are not; 0: there is none */
    Pprof__Profile out;
};

static int64_t text(struct making *m, uint32_t id)
{
    return text_table_add(&m->texts, profile_text(m->profile, id));
}

static Pprof__ValueType *value_type(struct making *m, const char *type, const char *unit)
{
    Pprof__ValueType *made = arena_alloc(&m->arena, 1, sizeof *made);
    pprof__value_type__init(made);
    made->type = text_table_add(&m->texts, type);
    made->unit = text_table_add(&m->texts, unit);
    return made;
}

static void make_types(struct making *m, const struct export_asked *asked)
{
    enum figure figure = asked->metric == METRICS ? FIGURE_PEAK : figure_of(asked->metric);
    size_t shown = 0, types = sample_types_of(m->profile);
    m->out.sample_type = arena_alloc(&m->arena, types, sizeof *m->out.sample_type);
    for (size_t i = 0; i < types; i++) {
        m->out.sample_type[i] = value_type(m, sample_types[i].type, sample_types[i].unit);
        if (sample_types[i].figure == figure)
            shown = i;
    }
    m->out.n_sample_type = types;
    m->out.default_sample_type = m->out.sample_type[shown]->type;
    m->out.period_type = value_type(m, "space", "bytes");
    m->out.period = 1;
}

/* ---- the tables ---- */

/* The program first, which readers want there. */
static void make_mappings(struct making *m)
{
    const struct profile *profile = m->profile;
    m->out.mapping = arena_alloc(&m->arena, profile->module_count, sizeof *m->out.mapping);
    const char *exe =
        profile->process_count ? profile_text(profile, profile->processes[0].exe) : "";
    for (int program = 1; program >= 0; program--) {
        for (uint32_t i = 1; i < profile->module_count; i++) {
            const struct profile_module *module = &profile->modules[i];
            bool is_program = !strcmp(profile_text(profile, module->path), exe);
            if ((!m->modules[i] && !is_program) || is_program != program)
                continue;
            Pprof__Mapping *mapping = arena_alloc(&m->arena, 1, sizeof *mapping);
            pprof__mapping__init(mapping);
            m->out.mapping[m->out.n_mapping++] = mapping;
            mapping->id = m->modules[i] = m->out.n_mapping;
            mapping->memory_start = module->start;
            mapping->memory_limit = module->end;
            mapping->filename = text(m, module->path);
            mapping->build_id = text(m, module->build_id);
            mapping->has_functions = mapping->has_filenames = module->named;
            mapping->has_line_numbers = module->lined;
            mapping->has_inline_frames = module->inlined;
        }
    }
}

static uint64_t function_id(struct making *m, uint32_t function)
{
    const struct profile_function *from = &m->profile->functions[function];
    if (m->functions[function])
        return m->functions[function];
    Pprof__Function *made = arena_alloc(&m->arena, 1, sizeof *made);
    pprof__function__init(made);
    m->out.function[m->out.n_function++] = made;
    made->id = m->functions[function] = m->out.n_function;
    made->name = text(m, from->name); /* without system_name, which readers would demangle again */
    made->filename = text(m, from->file);
    made->start_line = from->first_line;
    return made->id;
}

static void make_lines(struct making *m, const struct profile_location *from,
                       Pprof__Location *location)
{
    location->line = arena_alloc(&m->arena, from->count, sizeof *location->line);
    for (uint32_t i = 0; i < from->count; i++) {
        const struct profile_line *line = profile_line_of(m->profile, from, i);
        Pprof__Line *made = arena_alloc(&m->arena, 1, sizeof *made);
        if (!used_line(m->profile, from, i))
            continue;
        pprof__line__init(made);
        made->function_id = function_id(m, line->function);
        made->line = line->line;
        location->line[location->n_line++] = made;
    }
}

/* Is there a stack that is too deep? */
static bool any_deeper(const struct profile *profile, size_t deepest)
{
    bool found = false;
    size_t *depth = base_alloc(profile->node_count, sizeof *depth);
    for (uint32_t i = 1; i < profile->node_count && !found; i++) {
        depth[i] = depth[profile->nodes[i].parent] + !used_root(profile_at(profile, i));
        found = depth[i] > deepest;
    }
    free(depth);
    return found;
}

/* What stands for the outer frames that are left out. */
static void make_left_out(struct making *m)
{
    Pprof__Location *location = arena_alloc(&m->arena, 1, sizeof *location);
    Pprof__Function *function = arena_alloc(&m->arena, 1, sizeof *function);
    Pprof__Line *line = arena_alloc(&m->arena, 1, sizeof *line);
    pprof__location__init(location);
    pprof__function__init(function);
    pprof__line__init(line);
    m->out.function[m->out.n_function++] = function;
    m->out.location[m->out.n_location++] = location;
    function->name = text_table_add(&m->texts, "(outer frames left out)");
    function->id = line->function_id = m->out.n_function;
    location->id = m->left_out = m->out.n_location;
    location->line = arena_alloc(&m->arena, 1, sizeof *location->line);
    location->line[location->n_line++] = line;
}

static void make_locations(struct making *m)
{
    const struct profile *profile = m->profile;
    m->out.location =
        arena_alloc(&m->arena, profile->location_count + (size_t)1, sizeof *m->out.location);
    m->out.function =
        arena_alloc(&m->arena, profile->function_count + (size_t)1, sizeof *m->out.function);
    for (uint32_t i = 1; i < profile->location_count; i++) {
        const struct profile_location *from = &profile->locations[i];
        if (!m->locations[i])
            continue;
        Pprof__Location *location = arena_alloc(&m->arena, 1, sizeof *location);
        pprof__location__init(location);
        m->out.location[m->out.n_location++] = location;
        location->id = m->locations[i] = m->out.n_location;
        location->mapping_id = m->modules[from->module];
        location->address = from->address;
        make_lines(m, from, location);
    }
    if (any_deeper(profile, m->deepest))
        make_left_out(m);
}

/* ---- samples ---- */

static void add_label(struct making *m, Pprof__Sample *sample, const char *key, int64_t str,
                      int64_t num)
{
    Pprof__Label *label = arena_alloc(&m->arena, 1, sizeof *label);
    pprof__label__init(label);
    label->key = text_table_add(&m->texts, key);
    label->str = str;
    label->num = num;
    sample->label[sample->n_label++] = label;
}

static void add_root(struct making *m, Pprof__Sample *sample,
                     const struct profile_location *location)
{
    uint32_t name = profile_function_of(m->profile, location, 0)->name;
    if (!sample->label)
        sample->label = arena_alloc(&m->arena, 4, sizeof *sample->label);
    if (location->kind == LOCATION_THREAD) {
        add_label(m, sample, "thread", text(m, name), 0);
    } else if (location->kind == LOCATION_PROCESS) {
        add_label(m, sample, "process", text(m, name), 0);
        add_label(m, sample, "pid", 0, m->profile->processes[location->number].pid);
    }
}

static Pprof__Sample *sample_of(struct making *m, uint32_t node)
{
    const struct profile *profile = m->profile;
    const struct profile_node *own = &profile->nodes[node];
    Pprof__Sample *sample = arena_alloc(&m->arena, 1, sizeof *sample);
    size_t depth = profile_depth(profile, node);
    pprof__sample__init(sample);
    sample->location_id = arena_alloc(&m->arena, depth, sizeof *sample->location_id);
    for (uint32_t at = node; at; at = profile->nodes[at].parent) {
        const struct profile_location *location = profile_at(profile, at);
        if (used_root(location))
            add_root(m, sample, location);
        else
            sample->location_id[sample->n_location_id++] =
                m->locations[profile->nodes[at].location];
    }
    if (sample->n_location_id > m->deepest) {
        sample->n_location_id = m->deepest;
        sample->location_id[m->deepest - 1] = m->left_out;
    }
    size_t types = sample_types_of(m->profile);
    sample->value = arena_alloc(&m->arena, types, sizeof *sample->value);
    sample->n_value = types;
    for (size_t i = 0; i < types; i++)
        sample->value[i] = sample_value(own, &sample_types[i]);
    return sample;
}

static void make_samples(struct making *m)
{
    const struct profile *profile = m->profile;
    m->out.sample = arena_alloc(&m->arena, profile->node_count, sizeof *m->out.sample);
    for (uint32_t i = 1; i < profile->node_count; i++)
        if (profile_acts(&profile->nodes[i]))
            m->out.sample[m->out.n_sample++] = sample_of(m, i);
}

static void make_comments(struct making *m, const struct export_asked *asked)
{
    const struct profile *profile = m->profile;
    m->out.comment = arena_alloc(&m->arena, (size_t)profile->process_count + 1, sizeof(int64_t));
    m->out.comment[m->out.n_comment++] = text_table_add(
        &m->texts, "memtrace " MEMTRACE_VERSION
                   ": inuse is after all destructors, live when the program finished, "
                   "peak at the process's peak");
    for (uint32_t i = 0; i < profile->process_count && i < 100; i++)
        m->out.comment[m->out.n_comment++] = text(m, profile->processes[i].command);
    m->out.time_nanos = (int64_t)asked->sent.time;
    for (uint32_t i = 0; i < profile->process_count && !asked->sent.time; i++)
        if (!m->out.time_nanos || (int64_t)profile->processes[i].start < m->out.time_nanos)
            m->out.time_nanos = (int64_t)profile->processes[i].start;
}

bool pprof_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    struct making m = {.profile = profile,
                       .deepest = asked->sent.deepest ? asked->sent.deepest : SIZE_MAX};
    m.modules = base_alloc(profile->module_count, sizeof *m.modules);
    m.functions = base_alloc(profile->function_count, sizeof *m.functions);
    m.locations = base_alloc(profile->location_count, sizeof *m.locations);
    pprof__profile__init(&m.out);
    make_types(&m, asked);
    used_mark(profile, m.modules, m.locations);
    make_mappings(&m);
    make_locations(&m);
    make_samples(&m);
    make_comments(&m, asked);
    m.out.string_table = text_table_list(&m.texts, &m.arena, &m.out.n_string_table);
    bool good = protobuf_put(out, &m.out.base, true);
    text_table_free(&m.texts);
    arena_free(&m.arena);
    free(m.modules);
    free(m.functions);
    free(m.locations);
    return good;
}
