/* SPDX-License-Identifier: MIT
 *
 * A Perfetto trace: the level and the resident set of each process over time, and two heap profiles of it, what was held at the peak
 * and what was allocated and released by the end. Times are ns since the first process began. Each frame needs a mapping, so code that
 * has none gets one that is made up, with running numbers in place of addresses.
 */
#include <stdlib.h>
#include <string.h>

#include <perfetto.pb-c.h>

#include "base/base.h"
#include "export/formats.h"
#include "export/protobuf.h"

#define SEQUENCE_COUNTERS 1u
#define SEQUENCE_HEAPS    2u
#define SEQUENCE_STARTS   1u /* a flag: what is interned begins anew */
#define CLOCK_COARSE      4u /* without it heap profiles are dropped */
#define CLOCK_BOOT        6u
#define UNIT_BYTES        3
#define EVENT_INSTANT     3
#define EVENT_COUNTER     4

struct making {
    const struct profile *profile;
    struct arena arena;
    Perfetto__TracePacket **packets;
    size_t count, cap;
    Perfetto__ProfilePacket *heap;
    uint64_t began;      /* of the first process, since 1970 */
    uint32_t *processes; /* by node: which did it */
};

#define MAKE(m, type, init)                                                                        \
    ({                                                                                             \
        type *made_ = arena_alloc(&(m)->arena, 1, sizeof *made_);                                  \
        init(made_);                                                                               \
        made_;                                                                                     \
    })
#define SET(message, field, value)                                                                 \
    do {                                                                                           \
        (message)->has_##field = 1;                                                                \
        (message)->field = (value);                                                                \
    } while (0)

static Perfetto__TracePacket *packet(struct making *m, uint32_t sequence)
{
    Perfetto__TracePacket *made = MAKE(m, Perfetto__TracePacket, perfetto__trace_packet__init);
    m->packets = base_room(m->packets, &m->cap, m->count + 1, sizeof *m->packets);
    m->packets[m->count++] = made;
    if (sequence)
        SET(made, trusted_packet_sequence_id, sequence);
    return made;
}

static char *text(const struct making *m, uint32_t id)
{
    return (char *)profile_text(m->profile, id);
}

static uint64_t began(const struct making *m, const struct profile_process *process)
{
    return process->start > m->began ? process->start - m->began : 0;
}

/* ---- processes and clocks ---- */

static void make_tree(struct making *m)
{
    const struct profile *profile = m->profile;
    Perfetto__ProcessTree *tree = MAKE(m, Perfetto__ProcessTree, perfetto__process_tree__init);
    tree->processes = arena_alloc(&m->arena, profile->process_count, sizeof *tree->processes);
    for (uint32_t i = 0; i < profile->process_count; i++) {
        const struct profile_process *from = &profile->processes[i];
        Perfetto__Process *made = MAKE(m, Perfetto__Process, perfetto__process__init);
        SET(made, pid, from->pid);
        SET(made, ppid, from->parent_pid);
        made->cmdline = arena_alloc(&m->arena, 1, sizeof *made->cmdline);
        made->cmdline[made->n_cmdline++] = text(m, from->command);
        tree->processes[tree->n_processes++] = made;
    }
    packet(m, SEQUENCE_COUNTERS)->process_tree = tree;
}

static void make_clocks(struct making *m)
{
    static const uint32_t ids[] = {CLOCK_BOOT, CLOCK_COARSE};
    Perfetto__ClockSnapshot *made =
        MAKE(m, Perfetto__ClockSnapshot, perfetto__clock_snapshot__init);
    made->clocks = arena_alloc(&m->arena, 2, sizeof *made->clocks);
    for (size_t i = 0; i < 2; i++) {
        Perfetto__Clock *clock = MAKE(m, Perfetto__Clock, perfetto__clock__init);
        SET(clock, clock_id, ids[i]);
        SET(clock, timestamp, 0);
        made->clocks[made->n_clocks++] = clock;
    }
    packet(m, SEQUENCE_COUNTERS)->clock_snapshot = made;
}

/* ---- counters ---- */

static uint64_t make_track(struct making *m, uint64_t uuid, const char *name, uint64_t parent)
{
    Perfetto__TrackDescriptor *made =
        MAKE(m, Perfetto__TrackDescriptor, perfetto__track_descriptor__init);
    SET(made, uuid, uuid);
    SET(made, parent_uuid, parent);
    made->name = (char *)name;
    made->counter = MAKE(m, Perfetto__CounterDescriptor, perfetto__counter_descriptor__init);
    SET(made->counter, unit, UNIT_BYTES);
    packet(m, SEQUENCE_COUNTERS)->track_descriptor = made;
    return uuid;
}

static Perfetto__TrackEvent *make_event(struct making *m, int32_t type, uint64_t time,
                                        uint64_t track)
{
    Perfetto__TracePacket *to = packet(m, SEQUENCE_COUNTERS);
    Perfetto__TrackEvent *made = MAKE(m, Perfetto__TrackEvent, perfetto__track_event__init);
    SET(to, timestamp, time);
    SET(made, type, type);
    SET(made, track_uuid, track);
    to->track_event = made;
    return made;
}

static void make_value(struct making *m, uint64_t time, uint64_t track, uint64_t value)
{
    Perfetto__TrackEvent *made = make_event(m, EVENT_COUNTER, time, track);
    SET(made, counter_value, (int64_t)value);
}

static void make_mark(struct making *m, uint64_t time, uint64_t track, uint32_t name)
{
    make_event(m, EVENT_INSTANT, time, track)->name = text(m, name);
}

static void make_counters(struct making *m, uint32_t process)
{
    const struct profile_process *from = &m->profile->processes[process];
    uint64_t uuid = 3 * (uint64_t)process + 1, start = began(m, from);
    Perfetto__TrackDescriptor *of =
        MAKE(m, Perfetto__TrackDescriptor, perfetto__track_descriptor__init);
    SET(of, uuid, uuid);
    of->process = MAKE(m, Perfetto__ProcessDescriptor, perfetto__process_descriptor__init);
    SET(of->process, pid, from->pid);
    of->process->process_name = text(m, from->name);
    packet(m, SEQUENCE_COUNTERS)->track_descriptor = of;
    uint64_t level = make_track(m, uuid + 1, "level", uuid);
    uint64_t resident = make_track(m, uuid + 2, "resident set", uuid);
    for (size_t i = 0; i < from->sample_count; i++) {
        make_value(m, start + from->samples[i].time, level, from->samples[i].level);
        if (from->samples[i].resident)
            make_value(m, start + from->samples[i].time, resident, from->samples[i].resident);
    }
    if (from->peak)
        make_value(m, start + from->peak_time, level, from->peak);
    for (size_t i = 0; i < from->mark_count; i++)
        make_mark(m, start + from->marks[i].time, uuid, from->marks[i].name);
}

/* ---- what is interned ---- */

static void make_strings(struct making *m)
{
    const struct profile *profile = m->profile;
    uint32_t count = (uint32_t)profile->texts.count;
    m->heap->strings = arena_alloc(&m->arena, count + (size_t)1, sizeof *m->heap->strings);
    for (uint32_t i = 1; i <= count; i++) {
        Perfetto__InternedString *made =
            MAKE(m, Perfetto__InternedString, perfetto__interned_string__init);
        SET(made, iid, i);
        made->has_str = 1;
        made->str.data = (uint8_t *)text(m, i);
        made->str.len = strlen(text(m, i));
        m->heap->strings[m->heap->n_strings++] = made;
    }
}

/* Module i is mapping i + 1; the first one is made up. */
static void make_mappings(struct making *m, uint32_t no_module)
{
    const struct profile *profile = m->profile;
    m->heap->mappings = arena_alloc(&m->arena, profile->module_count, sizeof *m->heap->mappings);
    for (uint32_t i = 0; i < profile->module_count; i++) {
        const struct profile_module *module = &profile->modules[i];
        Perfetto__Mapping *made = MAKE(m, Perfetto__Mapping, perfetto__mapping__init);
        SET(made, iid, i + 1);
        if (i && module->build_id)
            SET(made, build_id, module->build_id);
        made->path_string_ids = arena_alloc(&m->arena, 1, sizeof *made->path_string_ids);
        made->path_string_ids[made->n_path_string_ids++] = i ? module->path : no_module;
        m->heap->mappings[m->heap->n_mappings++] = made;
    }
}

static uint64_t relative(const struct profile *profile, uint32_t location)
{
    const struct profile_location *from = &profile->locations[location];
    return from->module ? from->address - profile->modules[from->module].base : location;
}

static void make_frames(struct making *m)
{
    const struct profile *profile = m->profile;
    m->heap->frames = arena_alloc(&m->arena, profile->location_count, sizeof *m->heap->frames);
    for (uint32_t i = 1; i < profile->location_count; i++) {
        const struct profile_location *from = &profile->locations[i];
        Perfetto__Frame *made = MAKE(m, Perfetto__Frame, perfetto__frame__init);
        SET(made, iid, i);
        SET(made, function_name_id, profile_function_of(profile, from, from->count - 1)->name);
        SET(made, mapping_id, from->module + 1);
        SET(made, rel_pc, relative(profile, i));
        m->heap->frames[m->heap->n_frames++] = made;
    }
}

/* Of each node that has figures; its number is the node's. */
static void make_stacks(struct making *m)
{
    const struct profile *profile = m->profile;
    m->heap->callstacks = arena_alloc(&m->arena, profile->node_count, sizeof *m->heap->callstacks);
    for (uint32_t i = 1; i < profile->node_count; i++) {
        if (!profile_acts(&profile->nodes[i]))
            continue;
        size_t depth = profile_depth(profile, i);
        Perfetto__Callstack *made = MAKE(m, Perfetto__Callstack, perfetto__callstack__init);
        SET(made, iid, i);
        made->frame_ids = arena_alloc(&m->arena, depth, sizeof *made->frame_ids);
        for (uint32_t at = i; at; at = profile->nodes[at].parent) {
            if (profile_at(profile, at)->kind == LOCATION_PROCESS)
                m->processes[i] = profile_at(profile, at)->number;
            else
                made->n_frame_ids++;
        }
        size_t place = made->n_frame_ids;
        for (uint32_t at = i; at; at = profile->nodes[at].parent)
            if (profile_at(profile, at)->kind != LOCATION_PROCESS)
                made->frame_ids[--place] = profile->nodes[at].location;
        m->heap->callstacks[m->heap->n_callstacks++] = made;
    }
}

/* ---- heap profiles ---- */

static uint64_t positive(int64_t value)
{
    return value > 0 ? (uint64_t)value : 0;
}

static Perfetto__HeapSample *make_sample(struct making *m, uint32_t node, bool peak)
{
    const int64_t *own = m->profile->nodes[node].own;
    Perfetto__HeapSample *made = MAKE(m, Perfetto__HeapSample, perfetto__heap_sample__init);
    SET(made, callstack_id, node);
    if (peak) {
        SET(made, self_max, positive(own[FIGURE_PEAK]));
        if (m->profile->held)
            SET(made, self_max_count, positive(own[FIGURE_PEAK_BLOCKS]));
        return made;
    }
    SET(made, self_allocated, positive(own[FIGURE_ALLOCATED]));
    SET(made, self_freed, positive(figure_minus(own[FIGURE_ALLOCATED], own[FIGURE_LEAKED])));
    SET(made, alloc_count, positive(own[FIGURE_ALLOCATIONS]));
    SET(made, free_count, positive(own[FIGURE_FREES]));
    return made;
}

static void make_dump(struct making *m, uint32_t process, bool peak)
{
    const struct profile *profile = m->profile;
    const struct profile_process *from = &profile->processes[process];
    Perfetto__ProcessDump *made = MAKE(m, Perfetto__ProcessDump, perfetto__process_dump__init);
    size_t count = 0;
    SET(made, pid, (uint64_t)from->pid);
    SET(made, timestamp, began(m, from) + (peak ? from->peak_time : from->duration));
    SET(made, start_timestamp, began(m, from));
    SET(made, sampling_interval_bytes, 1);
    SET(made, orig_sampling_interval_bytes, 1);
    made->heap_name = (char *)(peak ? "held at the peak" : "allocated");
    for (uint32_t i = 1; i < profile->node_count; i++)
        count += m->processes[i] == process;
    made->samples = arena_alloc(&m->arena, count + 1, sizeof *made->samples);
    for (uint32_t i = 1; i < profile->node_count; i++)
        if (m->processes[i] == process && profile_acts(&profile->nodes[i]) &&
            (!peak || profile->nodes[i].own[FIGURE_PEAK] > 0))
            made->samples[made->n_samples++] = make_sample(m, i, peak);
    m->heap->process_dumps[m->heap->n_process_dumps++] = made;
}

static void make_heaps(struct making *m, uint32_t no_module)
{
    const struct profile *profile = m->profile;
    m->heap = MAKE(m, Perfetto__ProfilePacket, perfetto__profile_packet__init);
    make_strings(m);
    make_mappings(m, no_module);
    make_frames(m);
    make_stacks(m);
    m->heap->process_dumps =
        arena_alloc(&m->arena, 2 * (size_t)profile->process_count, sizeof *m->heap->process_dumps);
    for (uint32_t i = 0; i < profile->process_count; i++)
        for (int peak = 0; peak < 2; peak++)
            make_dump(m, i, peak);
    SET(m->heap, index, 0);
    SET(m->heap, continued, 0);
    Perfetto__TracePacket *to = packet(m, SEQUENCE_HEAPS);
    SET(to, timestamp, 0);
    SET(to, sequence_flags, SEQUENCE_STARTS);
    to->profile_packet = m->heap;
}

/* ---- files and lines ---- */

static Perfetto__AddressSymbols *make_address(struct making *m, uint32_t location)
{
    const struct profile *profile = m->profile;
    const struct profile_location *from = &profile->locations[location];
    Perfetto__AddressSymbols *made =
        MAKE(m, Perfetto__AddressSymbols, perfetto__address_symbols__init);
    SET(made, address, relative(profile, location));
    made->lines = arena_alloc(&m->arena, from->count, sizeof *made->lines);
    for (uint32_t k = 0; k < from->count; k++) {
        const struct profile_function *f = profile_function_of(profile, from, k);
        Perfetto__Line *line = MAKE(m, Perfetto__Line, perfetto__line__init);
        line->function_name = text(m, f->name);
        if (f->file)
            line->source_file_name = text(m, f->file);
        if (profile_line_of(profile, from, k)->line)
            SET(line, line_number, profile_line_of(profile, from, k)->line);
        made->lines[made->n_lines++] = line;
    }
    return made;
}

static void set_build_id(struct making *m, Perfetto__ModuleSymbols *symbols, const char *hex)
{
    size_t bytes = strlen(hex) / 2;
    symbols->has_build_id = 1;
    symbols->build_id.len = bytes;
    symbols->build_id.data = arena_alloc(&m->arena, bytes + 1, 1);
    for (size_t i = 0; i < bytes; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
        symbols->build_id.data[i] = (uint8_t)strtoul(two, NULL, 16);
    }
}

static void make_symbols(struct making *m, uint32_t module, uint32_t no_module)
{
    const struct profile *profile = m->profile;
    const struct profile_module *from = &profile->modules[module];
    Perfetto__ModuleSymbols *made =
        MAKE(m, Perfetto__ModuleSymbols, perfetto__module_symbols__init);
    size_t count = 0;
    made->path = text(m, module ? from->path : no_module);
    if (module && from->build_id)
        set_build_id(m, made, text(m, from->build_id));
    for (uint32_t i = 1; i < profile->location_count; i++)
        count += profile->locations[i].module == module;
    made->address_symbols = arena_alloc(&m->arena, count + 1, sizeof *made->address_symbols);
    for (uint32_t i = 1; i < profile->location_count; i++)
        if (profile->locations[i].module == module)
            made->address_symbols[made->n_address_symbols++] = make_address(m, i);
    packet(m, SEQUENCE_HEAPS)->module_symbols = made;
}

static void set_build_ids(struct making *m)
{
    /* In the table of strings a build-id is its bytes as they are. */
    for (uint32_t i = 1; i < m->profile->module_count; i++) {
        uint32_t id = m->profile->modules[i].build_id;
        Perfetto__ModuleSymbols raw = PERFETTO__MODULE_SYMBOLS__INIT;
        if (!id)
            continue;
        set_build_id(m, &raw, text(m, id));
        m->heap->strings[id - 1]->str = raw.build_id;
    }
}

bool perfetto_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    (void)asked;
    struct making m = {.profile = profile, .began = UINT64_MAX};
    Perfetto__Trace trace = PERFETTO__TRACE__INIT;
    uint32_t no_module = profile->no_module;
    m.processes = base_alloc(profile->node_count, sizeof *m.processes);
    for (uint32_t i = 0; i < profile->process_count; i++)
        if (profile->processes[i].start < m.began)
            m.began = profile->processes[i].start;
    make_tree(&m);
    make_clocks(&m);
    for (uint32_t i = 0; i < profile->process_count; i++)
        make_counters(&m, i);
    make_heaps(&m, no_module);
    set_build_ids(&m);
    for (uint32_t i = 0; i < profile->module_count; i++)
        make_symbols(&m, i, no_module);
    trace.packet = m.packets;
    trace.n_packet = m.count;
    bool good = protobuf_put(out, &trace.base, false);
    arena_free(&m.arena);
    free(m.packets);
    free(m.processes);
    return good;
}
