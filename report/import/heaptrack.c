/* SPDX-License-Identifier: MIT
 *
 * heaptrack's interpreted files, versions 1 to 3: all events, one after the other. Of each trace the figures are kept; what was live
 * at the peak as a log keeps it (../interpose/FORMAT.md, Held at the peak).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "import/import.h"

#define MS 1000000u

struct trace {
    uint32_t node;
    struct sums sums;
    uint64_t saved, saved_blocks;
    uint32_t saved_seq;
    struct sizes *sizes;
};

/* Kind of allocation: its size and trace. */
struct info {
    uint64_t size;
    uint32_t trace;
};

struct heaptrack {
    struct draft *draft;
    struct input *input;
    uint64_t version;
    uint32_t *strings; /* texts of the draft, by number from 1 on */
    uint32_t *frames;  /* frames of the draft, likewise */
    struct trace *traces;
    struct info *infos; /* from 0 on */
    size_t string_count, string_cap, frame_count, frame_cap, trace_count, trace_cap, info_count,
        info_cap;
    uint64_t level, peak, peak_ns, ns, page;
    bool at_peak;
    uint32_t seq;
    uint64_t last; /* the info of the last allocation; 0: something was released since */
    char *command;
    size_t command_bytes;
    struct log_sample samples[DRAFT_SAMPLES];
    size_t sample_count;
    uint64_t level_max; /* since the last sample */
    uint64_t resident;
};

/* ---- fields ---- */

struct line {
    const char *text;
    size_t bytes, at;
};

/* The next number; false if there is none. */
static bool field(struct line *line, uint64_t *value)
{
    return line->at < line->bytes && import_number(line->text, line->bytes, &line->at, 16, value);
}

static bool take_string(struct heaptrack *h, struct line *line)
{
    uint64_t length = line->bytes - line->at;
    if (h->version >= 3 && (!field(line, &length) || length > line->bytes - line->at))
        return input_say(h->input, "a string that is longer than its line");
    h->strings = base_room(h->strings, &h->string_cap, h->string_count + 1, sizeof *h->strings);
    h->strings[h->string_count++] = draft_text(h->draft, line->text + line->at, (size_t)length);
    return true;
}

/* The text of a string; 0: it has none. */
static bool string_at(struct heaptrack *h, uint64_t number, uint32_t *text)
{
    if (number > h->string_count)
        return input_say(h->input, "string %" PRIu64 " of %zu", number, h->string_count);
    *text = number ? h->strings[number - 1] : 0;
    return true;
}

static bool take_frame(struct heaptrack *h, struct line *line)
{
    uint64_t address, module_string = 0, name, file, number;
    uint32_t module_text = 0, count = 0, module = 0;
    struct draft_place places[DRAFT_PLACES] = {{0}};
    if (!field(line, &address))
        return input_say(h->input, "an instruction without an address");
    if (field(line, &module_string) && !string_at(h, module_string, &module_text))
        return false;
    while (field(line, &name)) {
        struct draft_place place;
        if (!field(line, &file))
            file = 0;
        if (!field(line, &number))
            number = 0;
        if (!string_at(h, name, &place.function) || !string_at(h, file, &place.file))
            return false;
        place.line = number <= INT32_MAX ? (uint32_t)number : 0;
        if (!place.line && !place.function)
            place.file = 0; /* a file alone tells nothing */
        if (count < DRAFT_PLACES)
            places[count++] = place;
    }
    if (module_text) {
        size_t bytes;
        char *path = NULL;
        const char *text = once_get(&h->draft->texts, module_text, &bytes);
        path = base_copy(text, bytes);
        module = import_module(h->draft, path, bytes);
        free(path);
    }
    h->frames = base_room(h->frames, &h->frame_cap, h->frame_count + 1, sizeof *h->frames);
    h->frames[h->frame_count++] = draft_named(h->draft, module, places, count ? count : 1);
    return true;
}

static bool take_trace(struct heaptrack *h, struct line *line)
{
    uint64_t frame, parent;
    if (!field(line, &frame) || !field(line, &parent))
        return input_say(h->input, "a trace without its instruction and parent");
    if (!frame || frame > h->frame_count || parent > h->trace_count)
        return input_say(h->input,
                         "trace %zu is of instruction %" PRIu64 " of %zu and parent %" PRIu64,
                         h->trace_count + 1, frame, h->frame_count, parent);
    uint32_t outer = parent ? h->traces[parent - 1].node : import_root(h->draft, "", 0);
    h->traces = base_room(h->traces, &h->trace_cap, h->trace_count + 1, sizeof *h->traces);
    h->traces[h->trace_count++] =
        (struct trace){.node = draft_node(h->draft, outer, h->frames[frame - 1])};
    return true;
}

static bool take_info(struct heaptrack *h, struct line *line)
{
    uint64_t size, trace;
    if (!field(line, &size) || !field(line, &trace) || trace > h->trace_count)
        return input_say(h->input, "an allocation info of no trace");
    h->infos = base_room(h->infos, &h->info_cap, h->info_count + 1, sizeof *h->infos);
    h->infos[h->info_count++] = (struct info){size, (uint32_t)trace};
    return true;
}

/* ---- events ---- */

static void count_size(struct trace *trace, uint64_t size)
{
    unsigned power = 0;
    if (!trace->sizes)
        trace->sizes = base_alloc(1, sizeof *trace->sizes);
    while (size > sizes_to(power))
        power++;
    trace->sizes->count[power]++;
}

static uint64_t live_of(const struct trace *trace)
{
    return trace->sums.allocated - trace->sums.gone;
}

static uint64_t blocks_of(const struct trace *trace)
{
    return trace->sums.allocations - trace->sums.gone_count;
}

/* Before a trace changes: what it has live was live at the peak. */
static void keep(struct heaptrack *h, struct trace *trace)
{
    if (h->at_peak || trace->saved_seq == h->seq)
        return;
    trace->saved = live_of(trace);
    trace->saved_blocks = blocks_of(trace);
    trace->saved_seq = h->seq;
}

static struct info *info_at(struct heaptrack *h, struct line *line, uint64_t *number)
{
    if (h->version < 1 || !field(line, number) || *number >= h->info_count) {
        input_say(h->input, "an event of no allocation info");
        return NULL;
    }
    struct info *info = &h->infos[*number];
    if (!info->trace) { /* nothing is known of its stack */
        uint32_t root = import_root(h->draft, "", 0);
        struct draft_place nothing = {0};
        h->traces = base_room(h->traces, &h->trace_cap, h->trace_count + 1, sizeof *h->traces);
        h->traces[h->trace_count++] = (struct trace){
            .node = draft_node(h->draft, root, draft_named(h->draft, 0, &nothing, 1))};
        info->trace = (uint32_t)h->trace_count;
    }
    return info;
}

static bool take_allocation(struct heaptrack *h, struct line *line)
{
    uint64_t number;
    const struct info *info = info_at(h, line, &number);
    if (!info)
        return false;
    struct trace *trace = &h->traces[info->trace - 1];
    keep(h, trace);
    trace->sums.allocated += info->size;
    trace->sums.allocations++;
    count_size(trace, info->size);
    if (live_of(trace) > trace->sums.live_peak)
        trace->sums.live_peak = live_of(trace);
    h->level += info->size;
    if (h->level > h->level_max)
        h->level_max = h->level;
    if (h->level > h->peak) {
        h->peak = h->level;
        h->peak_ns = h->ns;
        h->at_peak = true;
    }
    h->last = number;
    return true;
}

static bool take_release(struct heaptrack *h, struct line *line)
{
    uint64_t number;
    const struct info *info = info_at(h, line, &number);
    if (!info)
        return false;
    struct trace *trace = &h->traces[info->trace - 1];
    if (trace->sums.gone_count == trace->sums.allocations || info->size > live_of(trace))
        return input_say(h->input, "more is released than was allocated there");
    if (h->at_peak) {
        h->at_peak = false;
        h->seq++;
    }
    keep(h, trace);
    trace->sums.gone += info->size;
    trace->sums.gone_count++;
    if (h->last == number) { /* as heaptrack counts them: info 0's, too, after another release */
        trace->sums.temporary++;
        trace->sums.temporary_bytes += info->size;
    }
    h->level -= info->size;
    h->last = 0;
    return true;
}

/* ---- time ---- */

/* When there is no more room, neighbours are joined. */
static void add_sample(struct heaptrack *h)
{
    if (h->sample_count == DRAFT_SAMPLES) {
        for (size_t i = 0; i < DRAFT_SAMPLES / 2; i++) {
            uint64_t first = h->samples[2 * i].level_max;
            h->samples[i] = h->samples[2 * i + 1];
            if (first > h->samples[i].level_max)
                h->samples[i].level_max = first;
        }
        h->sample_count = DRAFT_SAMPLES / 2;
    }
    h->samples[h->sample_count++] = (struct log_sample){h->ns, h->level, h->level_max, h->resident};
    h->level_max = h->level;
}

static bool take_time(struct heaptrack *h, struct line *line)
{
    uint64_t ms;
    if (!field(line, &ms) || ms > UINT64_MAX / MS / 2 || ms * MS < h->ns)
        return input_say(h->input, "a time that is before the last one");
    if (ms * MS > h->ns)
        add_sample(h);
    h->ns = ms * MS;
    return true;
}

static bool take_line(struct heaptrack *h, char *text, size_t bytes)
{
    struct line line = {text, bytes, bytes > 2 ? 2 : bytes};
    uint64_t number = 0;
    switch (text[0]) {
    case 'v':
        if (!field(&line, &number) || !field(&line, &h->version))
            h->version = 0;
        if (!h->version || h->version > 3)
            return input_say(h->input,
                             "version %" PRIu64 " of heaptrack's format: 1 to 3 can be read",
                             h->version);
        return true;
    case 'X':
        free(h->command);
        h->command = base_copy(text + line.at, bytes - line.at);
        h->command_bytes = bytes - line.at;
        return true;
    case 's':
        return take_string(h, &line);
    case 'i':
        return take_frame(h, &line);
    case 't':
        return take_trace(h, &line);
    case 'a':
        return take_info(h, &line);
    case '+':
        return take_allocation(h, &line);
    case '-':
        return take_release(h, &line);
    case 'c':
        return take_time(h, &line);
    case 'I':
        return field(&line, &h->page) || input_say(h->input, "a page size that is no number");
    case 'R':
        if (field(&line, &number))
            h->resident = number * (h->page ? h->page : 4096);
        return true;
    case 'x':
    case 'm':
        return input_say(h->input, "a raw file of heaptrack's: 'heaptrack --interpret' makes of it "
                                   "what can be imported");
    default: /* A, S, comments, and what later versions have */
        return true;
    }
}

static void take_figures(struct heaptrack *h)
{
    for (size_t i = 0; i < h->trace_count; i++) {
        struct trace *trace = &h->traces[i];
        bool saved = !h->at_peak && trace->saved_seq == h->seq;
        trace->sums.at_peak = (int64_t)(saved ? trace->saved : live_of(trace));
        trace->sums.blocks_at_peak = saved ? trace->saved_blocks : blocks_of(trace);
        if (trace->sums.allocations)
            import_add(h->draft, trace->node, CLASS_HEAP, &trace->sums, trace->sizes);
        free(trace->sizes);
    }
}

bool heaptrack_import(struct draft *draft, struct input *input)
{
    struct heaptrack h = {.draft = draft, .input = input, .at_peak = true};
    size_t bytes;
    bool good = true;
    import_root(draft, "", 0);
    for (char *line; good && (line = input_line(input, &bytes));)
        good = !bytes || take_line(&h, line, bytes);
    good = good && !input->failed;
    if (good && !h.version)
        good = input_say(input, "there is no version of heaptrack's format before it");
    add_sample(&h);
    take_figures(&h);
    import_command(draft, h.command ? h.command : "", h.command_bytes);
    draft->header.sizes = draft->header.held = true;
    draft->header.peak_time = h.peak_ns;
    draft->header.end_time = h.ns;
    draft->samples = base_alloc(h.sample_count, sizeof *draft->samples);
    memcpy(draft->samples, h.samples, h.sample_count * sizeof *h.samples);
    draft->sample_count = h.sample_count;
    free(h.strings);
    free(h.frames);
    free(h.traces);
    free(h.infos);
    free(h.command);
    return good;
}
