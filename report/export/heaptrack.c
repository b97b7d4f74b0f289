/* SPDX-License-Identifier: MIT
 *
 * heaptrack's interpreted file, version 3. It is a recording of events, and the log has none, so this is one that comes to the same
 * figures: for each stack first its temporaries, then what is live at the peak, then what is released or allocated after it. Calls, peak
 * and what is left are exact, in sum and by stack. The chart over time and the histogram of sizes are made up: the file's comment says so.
 *
 * Numbers are hexadecimal. A release right after the allocation of the same info counts as a temporary allocation, so each info has a
 * twin, of the same size and stack, by which it is released.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "export/formats.h"

#define EVENTS_MOST 100000000u /* pairs of lines; 1.6 GB of text */

/* What a stack did, as blocks. */
struct stack_blocks {
    int64_t stays, released,
        later; /* bytes: live at the peak and at the end; at the peak alone; at the end alone */
    uint64_t temporaries; /* number */
    int64_t temporary;    /* bytes of all of them */
};

struct writing {
    FILE *out;
    const struct profile *profile;
    uint32_t *strings; /* by text: its number; 0: not written yet */
    uint32_t *traces;  /* by node */
    uint32_t *infos;   /* by node: the first one of it */
    uint32_t string_count, ip_count, trace_count, info_count;
    uint32_t *ips; /* by location */
};

static int64_t positive(int64_t value)
{
    return value > 0 ? value : 0;
}

static struct stack_blocks blocks_of(const struct profile_node *node)
{
    struct stack_blocks b = {0};
    int64_t peak = positive(node->own[FIGURE_PEAK]), end = positive(node->own[FIGURE_LEAKED]);
    b.stays = peak < end ? peak : end;
    b.released = peak - b.stays;
    b.later = end - b.stays;
    int64_t named = (b.stays > 0) + (b.released > 0) + (b.later > 0);
    b.temporaries = (uint64_t)positive(figure_minus(node->own[FIGURE_ALLOCATIONS], named));
    if (b.temporaries)
        b.temporary =
            positive(figure_minus(positive(node->own[FIGURE_ALLOCATED]),
                                  figure_plus(b.stays, figure_plus(b.released, b.later))));
    return b;
}

/* ---- what events refer to ---- */

static uint32_t put_string(struct writing *w, uint32_t text)
{
    if (!text || w->strings[text])
        return text ? w->strings[text] : 0;
    const char *string = profile_text(w->profile, text);
    fprintf(w->out, "s %zx %s\n", strlen(string), string);
    return w->strings[text] = ++w->string_count;
}

static uint32_t put_ip(struct writing *w, uint32_t index)
{
    const struct profile *profile = w->profile;
    const struct profile_location *location = &profile->locations[index];
    if (w->ips[index])
        return w->ips[index];
    uint32_t module = put_string(w, profile->modules[location->module].path);
    for (uint32_t i = 0; i < location->count; i++) {
        const struct profile_function *f = profile_function_of(profile, location, i);
        put_string(w, f->name);
        put_string(w, f->file);
    }
    fprintf(w->out, "i %" PRIx64 " %" PRIx32, location->address, module);
    for (uint32_t i = 0; i < location->count; i++) {
        const struct profile_function *f = profile_function_of(profile, location, i);
        fprintf(w->out, " %" PRIx32 " %" PRIx32 " %" PRIx32, put_string(w, f->name),
                put_string(w, f->file), profile_line_of(profile, location, i)->line);
    }
    fputc('\n', w->out);
    return w->ips[index] = ++w->ip_count;
}

static void put_info(struct writing *w, uint64_t size, uint32_t trace)
{
    fprintf(w->out, "a %" PRIx64 " %" PRIx32 "\n", size, trace);
    w->info_count++;
}

/* A stack's infos, in this order: those of temporaries, of two sizes and twice each; what stays; what is released, twice; what comes
 * later. */
enum info {
    INFO_SMALL,
    INFO_SMALL_TWIN,
    INFO_LARGE,
    INFO_LARGE_TWIN,
    INFO_STAYS,
    INFO_RELEASED,
    INFO_RELEASED_TWIN,
    INFO_LATER,
    INFOS
};

/* Number of the temporaries that have a byte more than the others. */
static uint64_t larger_of(const struct stack_blocks *b)
{
    return b->temporaries ? (uint64_t)b->temporary % b->temporaries : 0;
}

/* The size of such a block; false: the stack has none. */
static bool info_size(const struct stack_blocks *b, enum info info, uint64_t *size)
{
    uint64_t small = b->temporaries ? (uint64_t)b->temporary / b->temporaries : 0;
    switch (info) {
    case INFO_SMALL:
    case INFO_SMALL_TWIN:
        *size = small;
        return b->temporaries > larger_of(b);
    case INFO_LARGE:
    case INFO_LARGE_TWIN:
        *size = small + 1;
        return larger_of(b) > 0;
    case INFO_STAYS:
        *size = (uint64_t)b->stays;
        break;
    case INFO_LATER:
        *size = (uint64_t)b->later;
        break;
    default:
        *size = (uint64_t)b->released;
        break;
    }
    return *size > 0;
}

/* Its number. */
static uint32_t info_number(const struct writing *w, uint32_t node, const struct stack_blocks *b,
                            enum info info)
{
    uint32_t number = w->infos[node];
    uint64_t size;
    for (unsigned i = 0; i < (unsigned)info; i++)
        number += info_size(b, (enum info)i, &size);
    return number;
}

static void put_infos(struct writing *w, uint32_t node)
{
    struct stack_blocks b = blocks_of(&w->profile->nodes[node]);
    uint64_t size;
    w->infos[node] = w->info_count;
    for (unsigned i = 0; i < INFOS; i++)
        if (info_size(&b, (enum info)i, &size))
            put_info(w, size, w->traces[node]);
}

static void put_traces(struct writing *w)
{
    const struct profile *profile = w->profile;
    put_info(w, 0, 0); /* 0: a dummy, as readers take its number for none */
    for (uint32_t i = 1; i < profile->node_count; i++) {
        uint32_t ip = put_ip(w, profile->nodes[i].location);
        fprintf(w->out, "t %" PRIx32 " %" PRIx32 "\n", ip, w->traces[profile->nodes[i].parent]);
        w->traces[i] = ++w->trace_count;
        if (profile_acts(&profile->nodes[i]))
            put_infos(w, i);
    }
}

/* ---- events ---- */

static void put_temporaries(struct writing *w, uint32_t node)
{
    struct stack_blocks b = blocks_of(&w->profile->nodes[node]);
    uint64_t larger = larger_of(&b);
    for (uint64_t i = 0; i < b.temporaries; i++) {
        uint32_t info = info_number(w, node, &b, i < larger ? INFO_LARGE : INFO_SMALL);
        fprintf(w->out, "+ %" PRIx32 "\n- %" PRIx32 "\n", info, info + 1);
    }
}

static void put_events(struct writing *w)
{
    const struct profile *profile = w->profile;
    const struct profile_process *process = &profile->processes[0];
    static const struct {
        char sign;
        enum info info;
    } steps[] = {
        {'+', INFO_STAYS}, {'+', INFO_RELEASED}, {'-', INFO_RELEASED_TWIN}, {'+', INFO_LATER}};
    fputs("c 0\n", w->out);
    for (uint32_t i = 1; i < profile->node_count; i++)
        if (w->infos[i])
            put_temporaries(w, i);
    fprintf(w->out, "c %" PRIx64 "\n", process->peak_time / 1000000);
    for (size_t step = 0; step < sizeof steps / sizeof steps[0]; step++) {
        for (uint32_t i = 1; i < profile->node_count; i++) {
            struct stack_blocks b = blocks_of(&profile->nodes[i]);
            uint64_t size;
            if (w->infos[i] && info_size(&b, steps[step].info, &size))
                fprintf(w->out, "%c %" PRIx32 "\n", steps[step].sign,
                        info_number(w, i, &b, steps[step].info));
        }
    }
    fprintf(w->out, "c %" PRIx64 "\n", process->duration / 1000000);
}

/* Whether a reader can take that many events; each has a line, whatever is folded. */
static bool few_enough(const struct profile *profile)
{
    uint64_t events = 0;
    for (uint32_t i = 1; i < profile->node_count; i++)
        events += blocks_of(&profile->nodes[i]).temporaries;
    if (events <= EVENTS_MOST)
        return true;
    base_say("export: heaptrack's format has a line for each of %" PRIu64
             " allocations, and more than %u are too many for its readers; --format dhat and pprof "
             "have the same figures",
             events, EVENTS_MOST);
    return false;
}

bool heaptrack_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    (void)asked;
    struct writing w = {.out = out,
                        .profile = profile,
                        .strings = base_alloc(profile->texts.count + 1, sizeof *w.strings),
                        .traces = base_alloc(profile->node_count, sizeof *w.traces),
                        .infos = base_alloc(profile->node_count, sizeof *w.infos),
                        .ips = base_alloc(profile->location_count, sizeof *w.ips)};
    bool good = few_enough(profile);
    if (good) {
        fprintf(
            out,
            "v 10400 3\n# memtrace " MEMTRACE_VERSION
            ": a summary. Calls, the peak and what is left are exact, in sum and by stack;\n"
            "# the order of events, sizes of single blocks and the chart over time are made up.\n"
            "X %s\nI 1000 0\n",
            profile_text(profile, profile->processes[0].command));
        put_traces(&w);
        put_events(&w);
    }
    free(w.strings);
    free(w.traces);
    free(w.infos);
    free(w.ips);
    return good;
}
