/* SPDX-License-Identifier: MIT
 *
 * OpenTelemetry profiles as of release 1.10 of the protocol: one Profile for each figure of each process, all with one dictionary.
 */
#include <stdlib.h>
#include <string.h>

#include <otlp.pb-c.h>

#include "base/base.h"
#include "base/map.h"
#include "export/formats.h"
#include "export/protobuf.h"
#include "export/used.h"

struct making {
    const struct profile *profile;
    const struct export_sent *sent;
    struct arena arena;
    struct text_table texts;
    uint64_t *modules, *locations; /* by the profile's: places in the tables; 0: not used */
    int32_t *functions, *stacks;   /* by function, by node */
    uint32_t *processes;           /* by node: which did it */
    Otlp__ProfilesDictionary tables;
    Otlp__ProfilesData out;
};

static int32_t text(struct making *m, uint32_t id)
{
    return (int32_t)text_table_add(&m->texts, profile_text(m->profile, id));
}

/* A message of this type from the arena. */
#define MAKE(m, type, init)                                                                        \
    ({                                                                                             \
        type *made_ = arena_alloc(&(m)->arena, 1, sizeof *made_);                                  \
        init(made_);                                                                               \
        made_;                                                                                     \
    })

static Otlp__AnyValue *any_text(struct making *m, const char *value)
{
    Otlp__AnyValue *any = MAKE(m, Otlp__AnyValue, otlp__any_value__init);
    any->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
    any->string_value = (char *)value;
    return any;
}

/* ---- the dictionary ---- */

static int32_t attribute_add(struct making *m, const char *key, const char *value)
{
    Otlp__KeyValueAndUnit *made = MAKE(m, Otlp__KeyValueAndUnit, otlp__key_value_and_unit__init);
    made->key_strindex = (int32_t)text_table_add(&m->texts, key);
    made->value = any_text(m, value);
    m->tables.attribute_table[m->tables.n_attribute_table] = made;
    return (int32_t)m->tables.n_attribute_table++;
}

static void make_mappings(struct making *m)
{
    const struct profile *profile = m->profile;
    for (uint32_t i = 1; i < profile->module_count; i++) {
        const struct profile_module *module = &profile->modules[i];
        if (!m->modules[i])
            continue;
        Otlp__Mapping *made = MAKE(m, Otlp__Mapping, otlp__mapping__init);
        m->modules[i] = m->tables.n_mapping_table;
        m->tables.mapping_table[m->tables.n_mapping_table++] = made;
        made->memory_start = module->start;
        made->memory_limit = module->end;
        made->filename_strindex = text(m, module->path);
        if (!module->build_id)
            continue;
        made->attribute_indices = arena_alloc(&m->arena, 1, sizeof *made->attribute_indices);
        made->attribute_indices[made->n_attribute_indices++] = attribute_add(
            m, "process.executable.build_id.gnu", profile_text(profile, module->build_id));
    }
}

static int32_t function_index(struct making *m, uint32_t function)
{
    const struct profile_function *from = &m->profile->functions[function];
    if (m->functions[function])
        return m->functions[function];
    Otlp__Function *made = MAKE(m, Otlp__Function, otlp__function__init);
    m->functions[function] = (int32_t)m->tables.n_function_table;
    m->tables.function_table[m->tables.n_function_table++] = made;
    made->name_strindex = text(m, from->name);
    made->filename_strindex = text(m, from->file);
    made->start_line = from->first_line;
    return m->functions[function];
}

static void make_locations(struct making *m)
{
    const struct profile *profile = m->profile;
    for (uint32_t i = 1; i < profile->location_count; i++) {
        const struct profile_location *from = &profile->locations[i];
        if (!m->locations[i])
            continue;
        Otlp__Location *made = MAKE(m, Otlp__Location, otlp__location__init);
        m->locations[i] = m->tables.n_location_table;
        m->tables.location_table[m->tables.n_location_table++] = made;
        made->mapping_index = (int32_t)m->modules[from->module];
        made->address = from->address;
        made->lines = arena_alloc(&m->arena, from->count, sizeof *made->lines);
        for (uint32_t k = 0; k < from->count; k++) {
            const struct profile_line *line = profile_line_of(profile, from, k);
            if (!used_line(profile, from, k))
                continue;
            Otlp__Line *one = MAKE(m, Otlp__Line, otlp__line__init);
            one->function_index = function_index(m, line->function);
            one->line = line->line;
            made->lines[made->n_lines++] = one;
        }
    }
}

/* Of several processes, the same stack of two of them has two nodes, and stands in the table once. */
static uint32_t stack_known(struct strings *known, const int32_t *list, size_t count)
{
    char *key = base_alloc(9 * count + 1, 1);
    for (size_t i = 0; i < count; i++)
        snprintf(key + 9 * i, 10, "%08x ", (unsigned)list[i]);
    uint32_t id = strings_add(known, key, 9 * count);
    free(key);
    return id;
}

static void make_stacks(struct making *m)
{
    const struct profile *profile = m->profile;
    struct strings known = {0};
    for (uint32_t i = 1; i < profile->node_count; i++) {
        if (!profile_acts(&profile->nodes[i]))
            continue;
        size_t depth = profile_depth(profile, i);
        Otlp__Stack *made = MAKE(m, Otlp__Stack, otlp__stack__init);
        made->location_indices = arena_alloc(&m->arena, depth, sizeof *made->location_indices);
        for (uint32_t at = i; at; at = profile->nodes[at].parent) {
            const struct profile_location *location = profile_at(profile, at);
            if (location->kind == LOCATION_PROCESS)
                m->processes[i] = location->number;
            if (!used_root(location))
                made->location_indices[made->n_location_indices++] =
                    (int32_t)m->locations[profile->nodes[at].location];
        }
        m->stacks[i] = (int32_t)m->tables.n_stack_table;
        if (profile->process_count > 1)
            m->stacks[i] =
                (int32_t)stack_known(&known, made->location_indices, made->n_location_indices);
        if (m->stacks[i] == (int32_t)m->tables.n_stack_table)
            m->tables.stack_table[m->tables.n_stack_table++] = made;
    }
    strings_free(&known);
}

/* Entry 0 of each table. */
static void make_tables(struct making *m)
{
    const struct profile *profile = m->profile;
    Otlp__ProfilesDictionary *t = &m->tables;
    otlp__profiles_dictionary__init(t);
    t->mapping_table =
        arena_alloc(&m->arena, profile->module_count + (size_t)1, sizeof *t->mapping_table);
    t->location_table =
        arena_alloc(&m->arena, profile->location_count + (size_t)1, sizeof *t->location_table);
    t->function_table =
        arena_alloc(&m->arena, profile->function_count + (size_t)1, sizeof *t->function_table);
    t->attribute_table =
        arena_alloc(&m->arena, profile->module_count + (size_t)1, sizeof *t->attribute_table);
    t->stack_table =
        arena_alloc(&m->arena, profile->node_count + (size_t)1, sizeof *t->stack_table);
    t->link_table = arena_alloc(&m->arena, 1, sizeof *t->link_table);
    t->mapping_table[t->n_mapping_table++] = MAKE(m, Otlp__Mapping, otlp__mapping__init);
    t->location_table[t->n_location_table++] = MAKE(m, Otlp__Location, otlp__location__init);
    t->function_table[t->n_function_table++] = MAKE(m, Otlp__Function, otlp__function__init);
    t->attribute_table[t->n_attribute_table++] =
        MAKE(m, Otlp__KeyValueAndUnit, otlp__key_value_and_unit__init);
    t->stack_table[t->n_stack_table++] = MAKE(m, Otlp__Stack, otlp__stack__init);
    t->link_table[t->n_link_table++] = MAKE(m, Otlp__Link, otlp__link__init);
    used_mark(profile, m->modules, m->locations);
    make_mappings(m);
    make_locations(m);
    make_stacks(m);
}

/* ---- profiles ---- */

static Otlp__ValueType *value_type(struct making *m, const char *type, const char *unit)
{
    Otlp__ValueType *made = MAKE(m, Otlp__ValueType, otlp__value_type__init);
    made->type_strindex = (int32_t)text_table_add(&m->texts, type);
    made->unit_strindex = (int32_t)text_table_add(&m->texts, unit);
    return made;
}

static void make_samples(struct making *m, Otlp__Profile *to, uint32_t process,
                         const struct sample_type *type)
{
    const struct profile *profile = m->profile;
    size_t count = 0;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 1; i < profile->node_count; i++) {
            int64_t value = sample_value(&profile->nodes[i], type);
            if (!value || m->processes[i] != process || !m->stacks[i])
                continue;
            count += round == 0;
            if (!round)
                continue;
            Otlp__Sample *sample = MAKE(m, Otlp__Sample, otlp__sample__init);
            sample->stack_index = m->stacks[i];
            sample->values = arena_alloc(&m->arena, 1, sizeof *sample->values);
            sample->values[sample->n_values++] = value;
            to->samples[to->n_samples++] = sample;
        }
        if (!round)
            to->samples = arena_alloc(&m->arena, count + 1, sizeof(Otlp__Sample *));
    }
}

static Otlp__Profile *make_profile(struct making *m, uint32_t process, unsigned type)
{
    const struct profile_process *from = &m->profile->processes[process];
    Otlp__Profile *made = MAKE(m, Otlp__Profile, otlp__profile__init);
    uint64_t parts[] = {from->start, (uint32_t)from->pid, type, from->duration};
    uint64_t id[2] = {map_hash(parts, sizeof parts), map_hash(parts + 1, sizeof parts - 8)};
    made->sample_type = value_type(m, sample_types[type].type, sample_types[type].unit);
    made->period_type = value_type(m, "memory", "bytes");
    made->period = 1;
    made->time_unix_nano = m->sent->time ? m->sent->time : from->start;
    made->duration_nano = m->sent->time ? 0 : from->duration;
    made->profile_id.len = sizeof id;
    made->profile_id.data = arena_alloc(&m->arena, 1, sizeof id);
    memcpy(made->profile_id.data, id, sizeof id);
    make_samples(m, made, process, &sample_types[type]);
    return made;
}

static void add_attribute(struct making *m, Otlp__Resource *resource, const char *key,
                          Otlp__AnyValue *value)
{
    Otlp__KeyValue *made = MAKE(m, Otlp__KeyValue, otlp__key_value__init);
    made->key = (char *)key;
    made->value = value;
    resource->attributes[resource->n_attributes++] = made;
}

static bool has_label(const struct export_sent *sent, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < sent->label_count; i++)
        found |= !strcmp(sent->labels[i].name, name);
    return found;
}

static Otlp__Resource *make_resource(struct making *m, const struct profile_process *from)
{
    Otlp__Resource *made = MAKE(m, Otlp__Resource, otlp__resource__init);
    Otlp__AnyValue *pid = MAKE(m, Otlp__AnyValue, otlp__any_value__init);
    const char *name = profile_text(m->profile, from->name);
    pid->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
    pid->int_value = from->pid;
    made->attributes = arena_alloc(&m->arena, 5 + m->sent->label_count, sizeof *made->attributes);
    add_attribute(m, made, "service.name", any_text(m, m->sent->service ? m->sent->service : name));
    add_attribute(m, made, "process.pid", pid);
    if (from->host && !has_label(m->sent, "host.name"))
        add_attribute(m, made, "host.name", any_text(m, profile_text(m->profile, from->host)));
    add_attribute(m, made, "process.executable.name", any_text(m, name));
    add_attribute(m, made, "process.command_line",
                  any_text(m, profile_text(m->profile, from->command)));
    for (size_t i = 0; i < m->sent->label_count; i++)
        add_attribute(m, made, m->sent->labels[i].name, any_text(m, m->sent->labels[i].value));
    return made;
}

static Otlp__ResourceProfiles *make_process(struct making *m, uint32_t process)
{
    Otlp__ResourceProfiles *made = MAKE(m, Otlp__ResourceProfiles, otlp__resource_profiles__init);
    Otlp__ScopeProfiles *scope = MAKE(m, Otlp__ScopeProfiles, otlp__scope_profiles__init);
    made->resource = make_resource(m, &m->profile->processes[process]);
    made->scope_profiles = arena_alloc(&m->arena, 1, sizeof(Otlp__ScopeProfiles *));
    made->scope_profiles[made->n_scope_profiles++] = scope;
    scope->scope = MAKE(m, Otlp__Scope, otlp__scope__init);
    scope->scope->name = (char *)"memtrace";
    scope->scope->version = (char *)MEMTRACE_VERSION;
    scope->profiles = arena_alloc(&m->arena, SAMPLE_TYPES, sizeof(Otlp__Profile *));
    for (unsigned type = 0; type < sample_types_of(m->profile); type++)
        scope->profiles[scope->n_profiles++] = make_profile(m, process, type);
    return made;
}

bool otlp_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    struct making m = {.profile = profile, .sent = &asked->sent};
    m.modules = base_alloc(profile->module_count, sizeof *m.modules);
    m.locations = base_alloc(profile->location_count, sizeof *m.locations);
    m.functions = base_alloc(profile->function_count, sizeof *m.functions);
    m.stacks = base_alloc(profile->node_count, sizeof *m.stacks);
    m.processes = base_alloc(profile->node_count, sizeof *m.processes);
    otlp__profiles_data__init(&m.out);
    make_tables(&m);
    m.out.resource_profiles =
        arena_alloc(&m.arena, profile->process_count, sizeof(Otlp__ResourceProfiles *));
    for (uint32_t i = 0; i < profile->process_count; i++)
        m.out.resource_profiles[m.out.n_resource_profiles++] = make_process(&m, i);
    m.tables.string_table = text_table_list(&m.texts, &m.arena, &m.tables.n_string_table);
    m.out.dictionary = &m.tables;
    bool good = protobuf_put(out, &m.out.base, asked->sent.packed);
    text_table_free(&m.texts);
    arena_free(&m.arena);
    free(m.modules);
    free(m.locations);
    free(m.functions);
    free(m.stacks);
    free(m.processes);
    return good;
}
