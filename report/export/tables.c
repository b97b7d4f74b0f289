/* SPDX-License-Identifier: MIT
 *
 * The flat tables of csv and ndjson, one log after the other, so that they need no more memory for many logs than for one.
 * report/TABLES.md has their columns.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/map.h"
#include "export/cells.h"
#include "export/formats.h"
#include "export/words.h"
#include "show/name.h"
#include "fold/fold.h"

static const char *const columns[TABLES][24] = {
    [TABLE_LOGS] = {"log_id",     "host",         "exe",        "argv",
                    "pid",        "parent_pid",   "start",      "duration_ns",
                    "end",        "exit_status",  "peak_bytes", "peak_ns",
                    "live_bytes", "leaked_bytes", "allocs",     "allocated_bytes",
                    "frees",      "freed_bytes",  "flags",      "version",
                    "program",    "build_id",     "log",        NULL},
    [TABLE_SITES] = {"log_id", "period", "thread", "class", "stack_id", "leaf_function",
                     "leaf_file", "leaf_line", "stack", "allocs", "allocated_bytes", "frees",
                     "freed_bytes", "peak_bytes", "peak_blocks", "live_bytes", "leaked_bytes",
                     NULL},
    [TABLE_LINES] = {"log_id", "file", "line", "function", "language", "module", "rise_bytes",
                     "rise_at_least", "increment_bytes", "peak_bytes", "live_bytes", "allocs",
                     "allocated_bytes", "own_peak_bytes", "own_live_bytes", "own_allocs",
                     "own_allocated_bytes", "tail_call", NULL},
    [TABLE_TIMELINE] = {"log_id", "t_ns", "level_bytes", "level_max_bytes", "resident_bytes",
                        NULL}};

/* What is written of one log. */
struct writing {
    struct cells cells;
    const struct stacks *stacks;
    const struct export_asked *asked;
    struct profile profile; /* of its texts */
    char id[24];
    bool failed; /* after a message */
};

/* The same wherever the log is read. */
static void make_id(char id[24], const struct log *log)
{
    const struct log_header *h = &log->header;
    uint64_t parts[] = {(uint32_t)h->pid, (uint32_t)h->parent_pid, h->start_real, h->process_start,
                        h->start_ticks};
    uint64_t hash = map_hash(parts, sizeof parts);
    if (h->host.bytes) {
        uint64_t both[] = {hash, map_hash(h->host.text, h->host.bytes)};
        hash = map_hash(both, sizeof both);
    }
    snprintf(id, 24, "%016" PRIx64, hash);
}

static const char *clean(struct writing *w, const char *text, size_t bytes)
{
    return text && bytes ? profile_text(&w->profile, profile_text_add(&w->profile, text, bytes))
                         : NULL;
}

static void cells_known(struct writing *w, const char *text)
{
    cells_text(&w->cells, clean(w, text, text ? strlen(text) : 0));
}

/* ---- logs ---- */

static void put_argv(struct writing *w, const struct log_text *argv)
{
    char **list = NULL;
    size_t count = 0, cap = 0;
    for (size_t i = 0; i < argv->bytes;) {
        size_t length = strnlen(argv->text + i, argv->bytes - i);
        const char *text = clean(w, argv->text + i, length);
        list = base_room(list, &cap, count + 1, sizeof *list);
        list[count++] = base_copy(text ? text : "", text ? strlen(text) : 0);
        i += length + 1;
    }
    cells_list(&w->cells, list, count, ' ');
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

static void put_time(struct writing *w, uint64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000u);
    struct tm when;
    char text[40] = "";
    size_t used = 0;
    if (ns && gmtime_r(&seconds, &when))
        used = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &when);
    if (used)
        snprintf(text + used, sizeof text - used, ".%06uZ", (unsigned)(ns % 1000000000u / 1000u));
    cells_text(&w->cells, used ? text : NULL);
}

static void put_end(struct writing *w)
{
    const struct log_header *h = &w->stacks->log.header;
    bool exited = h->end == LOG_END_EXIT;
    cells_text(&w->cells, w->stacks->running       ? "running"
                          : exited                 ? "exit"
                          : h->end == LOG_END_EXEC ? "exec"
                                                   : NULL);
    if (exited && h->exit_status != LOG_NO_STATUS)
        cells_signed(&w->cells, h->exit_status & 0xff);
    else
        cells_null(&w->cells);
}

static void put_flags(struct writing *w)
{
    const struct log_header *h = &w->stacks->log.header;
    const struct {
        bool is;
        const char *name;
    } flags[] = {{h->python, "python"},
                 {h->threads, "threads"},
                 {h->dropped_events != 0, "dropped"},
                 {h->full, "full"},
                 {h->cut_stacks != 0, "cut_stacks"},
                 {h->ended, "ended_early"},
                 {w->stacks->log.truncated, "truncated"},
                 {w->stacks->damaged, "damaged"}};
    char *list[sizeof flags / sizeof flags[0]];
    size_t count = 0;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].is)
            list[count++] = (char *)flags[i].name;
    cells_list(&w->cells, list, count, ' ');
}

static uint64_t duration_of(const struct log *log)
{
    uint64_t known = log->header.end_time;
    if (!known && log->sample_count)
        known = log->samples[log->sample_count - 1].time;
    return known > log->header.peak_time ? known : log->header.peak_time;
}

/* Of the program's file, in hex. */
static void put_build_id(struct writing *w)
{
    const struct log *log = &w->stacks->log;
    char text[2 * 64 + 1] = "";
    for (uint32_t i = 0; i < log->module_count && !*text; i++) {
        const struct log_module *module = &log->modules[i];
        if (!module->known || !log->exe.bytes || module->path.bytes != log->exe.bytes ||
            memcmp(module->path.text, log->exe.text, log->exe.bytes) != 0)
            continue;
        for (uint32_t k = 0; k < module->build_id_bytes && k < 64; k++)
            snprintf(text + 2 * k, 3, "%02x", module->build_id[k]);
    }
    cells_text(&w->cells, *text ? text : NULL);
}

static void put_log(struct writing *w)
{
    const struct log *log = &w->stacks->log;
    const struct log_header *h = &log->header;
    const struct sums *total = &w->stacks->model.total;
    cells_text(&w->cells, w->id);
    cells_text(&w->cells, clean(w, h->host.text, h->host.bytes));
    cells_text(&w->cells, clean(w, log->exe.text, log->exe.bytes));
    put_argv(w, &log->argv);
    cells_signed(&w->cells, h->pid);
    cells_signed(&w->cells, h->parent_pid);
    put_time(w, log_began(log));
    cells_unsigned(&w->cells, duration_of(log));
    put_end(w);
    cells_unsigned(&w->cells, log_peak(log));
    cells_unsigned(&w->cells, h->peak_time);
    cells_unsigned(&w->cells, h->live);
    cells_unsigned(&w->cells, h->level);
    cells_unsigned(&w->cells, total->allocations);
    cells_unsigned(&w->cells, total->allocated);
    cells_unsigned(&w->cells, total->releases);
    cells_unsigned(&w->cells, total->released);
    put_flags(w);
    cells_text(&w->cells, MEMTRACE_VERSION);
    struct log_text called = log_called(log);
    cells_text(&w->cells, clean(w, called.text, called.bytes));
    put_build_id(w);
    cells_known(w, log->name);
}

/* ---- sites ---- */

/* What the row's key is apart from its stack, and its stack, outermost first. */
struct site {
    uint32_t period, thread; /* thread: a text */
    char **frames;
    size_t count;
    uint64_t hash;
};

/* By functions and files' names, so that it stays the same where lines move and where sources lie elsewhere. */
static uint64_t hash_on(const struct profile *profile, const struct profile_location *location,
                        uint64_t hash)
{
    const struct profile_function *f = profile_function_of(profile, location, 0);
    const char *name = profile_text(profile, f->name), *file = profile_text(profile, f->file);
    const char *slash = strrchr(file, '/');
    file = slash ? slash + 1 : file;
    uint64_t parts[3] = {hash, map_hash(name, strlen(name)), map_hash(file, strlen(file))};
    return map_hash(parts, sizeof parts);
}

static void find_site(const struct profile *profile, char *const *words, const uint32_t *stack,
                      size_t depth, struct site *site)
{
    site->count = 0;
    site->period = site->thread = 0;
    site->hash = 0;
    for (size_t i = 0; i < depth; i++) {
        const struct profile_location *location = &profile->locations[stack[i]];
        if (location->kind == LOCATION_PERIOD) {
            site->period = location->number;
        } else if (location->kind == LOCATION_THREAD) {
            site->thread = profile_function_of(profile, location, 0)->name;
        } else {
            site->frames[site->count++] = words[stack[i]];
            site->hash = hash_on(profile, location, site->hash);
        }
    }
}

static void put_leaf(struct writing *w, const struct profile *profile, uint32_t node)
{
    const struct profile_line *line = profile_line_of(profile, profile_at(profile, node), 0);
    const struct profile_function *f = &profile->functions[line->function];
    cells_text(&w->cells, profile_text(profile, f->name));
    cells_text(&w->cells, f->file ? profile_text(profile, f->file) : NULL);
    if (line->line)
        cells_unsigned(&w->cells, line->line);
    else
        cells_null(&w->cells);
}

static void put_site(struct writing *w, const struct profile *profile, uint32_t node,
                     unsigned class, const struct site *site)
{
    char id[24];
    const int64_t *own = profile->nodes[node].own;
    snprintf(id, sizeof id, "%016" PRIx64, site->hash);
    cells_text(&w->cells, w->id);
    cells_unsigned(&w->cells, site->period);
    cells_text(&w->cells, site->thread ? profile_text(profile, site->thread) : NULL);
    cells_text(&w->cells, class_name(class));
    cells_text(&w->cells, id);
    put_leaf(w, profile, node);
    cells_list(&w->cells, site->frames, site->count, ';');
    cells_signed(&w->cells, own[FIGURE_ALLOCATIONS]);
    cells_signed(&w->cells, own[FIGURE_ALLOCATED]);
    cells_signed(&w->cells, own[FIGURE_FREES]);
    cells_signed(&w->cells, figure_minus(own[FIGURE_ALLOCATED], own[FIGURE_LEAKED]));
    cells_signed(&w->cells, own[FIGURE_PEAK]);
    if (profile->held)
        cells_signed(&w->cells, own[FIGURE_PEAK_BLOCKS]);
    else
        cells_null(&w->cells);
    cells_signed(&w->cells, own[FIGURE_LIVE]);
    cells_signed(&w->cells, own[FIGURE_LEAKED]);
}

/* Whether there is anything to put of the class: finding out takes no tree. */
static bool has_class(const struct stacks *stacks, unsigned class)
{
    struct leaf leaf;
    if (stacks->model.lost.allocations)
        return true;
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);) {
        const struct sums *s = &leaf.sums;
        if (leaf.class == class && (s->allocations || s->allocated || s->gone || s->gone_count ||
                                    s->late || s->at_peak || s->blocks_at_peak || s->live_peak))
            return true;
    }
    return false;
}

static void put_class(struct writing *w, unsigned class)
{
    struct profile profile;
    struct filter filter = w->asked->filter;
    struct site site = {0};
    uint32_t *stack = NULL;
    size_t stack_cap = 0, frames_cap = 0;
    filter.classes = 1u << class;
    profile_begin(&profile, PROFILE_PLACES | PROFILE_PERIODS | PROFILE_THREADS);
    profile_add(&profile, w->stacks, &filter);
    profile_end(&profile);
    if (profile_frames(&profile) > PROFILE_FRAMES_MOST) {
        base_say(
            "export: the stacks of %s have more than %u frames, too many for a table; a filter "
            "chooses some",
            w->stacks->log.name, PROFILE_FRAMES_MOST);
        w->failed = true;
        profile_free(&profile);
        return;
    }
    char **words = base_alloc(profile.location_count, sizeof *words);
    for (uint32_t i = 1; i < profile.location_count; i++) {
        words[i] = words_short(&profile, &profile.locations[i]);
        for (char *at = words[i]; *at && w->cells.csv; at++)
            *at = *at == ';' ? ':' : *at;
    }
    for (uint32_t node = 1; node < profile.node_count; node++) {
        if (!profile_acts(&profile.nodes[node]))
            continue;
        size_t depth = words_stack(&profile, node, &stack, &stack_cap);
        site.frames = base_room(site.frames, &frames_cap, depth + 1, sizeof *site.frames);
        find_site(&profile, words, stack, depth, &site);
        put_site(w, &profile, node, class, &site);
    }
    for (uint32_t i = 1; i < profile.location_count; i++)
        free(words[i]);
    free(words);
    free(site.frames);
    free(stack);
    profile_free(&profile);
}

static void put_sites(struct writing *w)
{
    struct query query = {.filter = w->asked->filter};
    for (unsigned class = 0; class < CLASSES; class ++)
        if (query_counts(&query, class) && has_class(w->stacks, class))
            put_class(w, class);
}

/* ---- lines ---- */

static void put_line(struct writing *w, uint32_t index, const struct row *row,
                     const struct row *own)
{
    const struct frames *frames = &w->stacks->frames;
    const struct place *place = &frames->places[index];
    const struct function *f = &frames->functions[place->function];
    struct log_text module = frames_module(frames, f);
    cells_text(&w->cells, w->id);
    cells_known(w, frames_file(frames, f));
    if (place->line && place->line != PLACE_RETURNS)
        cells_unsigned(&w->cells, place->line);
    else
        cells_null(&w->cells);
    cells_known(w, frames_name(frames, f));
    cells_text(&w->cells, f->language);
    cells_text(&w->cells, clean(w, module.text, module.bytes));
    if (row->riseless) {
        cells_null(&w->cells);
        cells_null(&w->cells);
    } else {
        cells_unsigned(&w->cells, row->rise);
        cells_bool(&w->cells, row->rise_most != 0);
    }
    if (row->releaseless)
        cells_null(&w->cells);
    else
        cells_signed(&w->cells, sums_increment(&row->sums));
    cells_signed(&w->cells, row->sums.at_peak);
    cells_signed(&w->cells, sums_live(&row->sums));
    cells_unsigned(&w->cells, row->sums.allocations);
    cells_unsigned(&w->cells, row->sums.allocated);
    cells_signed(&w->cells, own->sums.at_peak);
    cells_signed(&w->cells, sums_live(&own->sums));
    cells_unsigned(&w->cells, own->sums.allocations);
    cells_unsigned(&w->cells, own->sums.allocated);
    cells_known(w, tail_word(place));
}

static void put_lines(struct writing *w)
{
    struct rows lines, functions, own;
    unsigned metrics = w->asked->filter.classes ? 0 : 1u << METRIC_RISE;
    struct query query = {.by = BY_LINE,
                          .own = true,
                          .rank = frames_rank(&w->stacks->frames),
                          .filter = w->asked->filter};
    fold_lines(w->stacks, metrics, &w->asked->filter, &lines, &functions);
    fold(w->stacks, &query, &own);
    for (uint32_t i = 0; i < lines.count; i++)
        if (row_shows(&lines.list[i]) || row_shows(&own.list[i]))
            put_line(w, i, &lines.list[i], &own.list[i]);
    rows_free(&lines);
    rows_free(&functions);
    rows_free(&own);
}

/* ---- timeline ---- */

static void put_timeline(struct writing *w)
{
    const struct log *log = &w->stacks->log;
    for (size_t i = 0; i < log->sample_count; i++) {
        cells_text(&w->cells, w->id);
        cells_unsigned(&w->cells, log->samples[i].time);
        cells_unsigned(&w->cells, log->samples[i].level);
        cells_unsigned(&w->cells, log->samples[i].level_max);
        cells_unsigned(&w->cells, log->samples[i].resident);
    }
}

static bool put(FILE *out, const struct stacks *stacks, const struct export_asked *asked,
                bool first, bool csv)
{
    static void (*const put_table[TABLES])(struct writing * w) = {[TABLE_LOGS] = put_log,
                                                                  [TABLE_SITES] = put_sites,
                                                                  [TABLE_LINES] = put_lines,
                                                                  [TABLE_TIMELINE] = put_timeline};
    struct writing w = {.cells = {.out = out, .csv = csv, .columns = columns[asked->table]},
                        .stacks = stacks,
                        .asked = asked};
    profile_begin(&w.profile, 0);
    make_id(w.id, &stacks->log);
    if (first)
        cells_head(&w.cells);
    put_table[asked->table](&w);
    profile_free(&w.profile);
    return !w.failed;
}

bool csv_put_log(FILE *out, const struct stacks *stacks, const struct export_asked *asked,
                 bool first)
{
    return put(out, stacks, asked, first, true);
}

bool ndjson_put_log(FILE *out, const struct stacks *stacks, const struct export_asked *asked,
                    bool first)
{
    return put(out, stacks, asked, first, false);
}
