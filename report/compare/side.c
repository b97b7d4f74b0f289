/* SPDX-License-Identifier: MIT */
#include "compare/side.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "fold/own.h"
#include "resolve/source_log.h"
#include "resolve/source_of.h"
#include "show/notes.h"

void side_begin(struct side *side, const struct comparing *comparing)
{
    *side = (struct side){.comparing = comparing, .site_count = 1};
    side->sites = base_room(NULL, &side->sites_cap, 1, sizeof *side->sites);
    side->sites[0] = (struct site){0};
}

void side_run(struct side *side)
{
    side->totals =
        base_room(side->totals, &side->totals_cap, side->run_count + 1, sizeof *side->totals);
    side->totals[side->run_count++] = 0;
}

static void fact_add(struct side *side, uint32_t key, uint8_t class, int64_t value)
{
    if (!value)
        return;
    side->facts =
        base_room(side->facts, &side->fact_cap, side->fact_count + 1, sizeof *side->facts);
    side->facts[side->fact_count++] = (struct fact){
        .run = (uint32_t)side->run_count - 1, .key = key, .class = class, .value = value};
}

/* ---- what a log adds ---- */

/* A log that is being added. */
struct adding {
    struct side *side;
    const struct stacks *stacks;
    enum rank rank;   /* whose code has rows */
    uint32_t *places; /* by place of the log: in names */
};

/* By function or module of the log: in names. */
static uint32_t *keys_in_names(const struct adding *adding, enum grouping by, uint32_t count)
{
    const struct frames *from = &adding->stacks->frames, *to = &adding->side->names.stacks.frames;
    uint32_t *keys = base_alloc(count + (size_t)1, sizeof *keys);
    for (size_t p = 0; p < from->place_count; p++) {
        uint32_t function = from->places[p].function;
        uint32_t there = to->places[adding->places[p]].function;
        if (by == BY_FUNCTION)
            keys[function] = there;
        else if (from->functions[function].module < count)
            keys[from->functions[function].module] = to->functions[there].module;
    }
    return keys;
}

static void add_rows(const struct adding *adding)
{
    struct side *side = adding->side;
    const struct comparing *comparing = side->comparing;
    const struct frames *frames = &adding->stacks->frames;
    bool adds = metric_adds(comparing->metric);
    struct query query = {.by = comparing->by,
                          .metrics = 1u << comparing->metric,
                          .own = adds,
                          .rank = adding->rank,
                          .filter = comparing->filter};
    struct rows rows;
    fold(adding->stacks, &query, &rows);
    unsigned char *ranks = own_ranks(frames);
    uint32_t *keys =
        comparing->by == BY_LINE ? NULL : keys_in_names(adding, comparing->by, rows.count);
    for (uint32_t k = 0; k < rows.count; k++) {
        enum rank rank = comparing->by == BY_LINE       ? ranks[frames->places[k].function]
                         : comparing->by == BY_FUNCTION ? ranks[k]
                                                        : RANK_USER;
        if (adds || rank <= adding->rank)
            fact_add(side, keys ? keys[k] : adding->places[k], 0,
                     row_metric(&rows.list[k], comparing->metric));
    }
    if (adds)
        fact_add(side, SIDE_UNKNOWN, 0, row_metric(&rows.unknown, comparing->metric));
    if (adds)
        fact_add(side, comparing->by == BY_MODULE ? 0 : SIDE_REST, 0,
                 row_metric(&rows.rest, comparing->metric));
    free(keys);
    free(ranks);
    rows_free(&rows);
}

/* ---- call sites ---- */

static uint32_t site_below(struct side *side, uint32_t parent, uint32_t place)
{
    uint32_t *found = map_at(&side->site_index, (uint64_t)parent << 32 | place);
    if (!*found) {
        *found = (uint32_t)side->site_count;
        side->sites =
            base_room(side->sites, &side->sites_cap, side->site_count + 1, sizeof *side->sites);
        side->sites[side->site_count++] = (struct site){parent, place};
    }
    return *found;
}

/* The site of each entry of the tree: frames of worse ranks are passed over. */
static uint32_t *sites_of(const struct adding *adding, const struct tree *tree)
{
    const struct frames *frames = &adding->stacks->frames;
    uint32_t *sites = base_alloc(tree->count + (size_t)1, sizeof *sites);
    for (uint32_t e = 1; e < tree->count; e++) {
        uint32_t place = tree->key[e], parent = sites[tree->parent[e]];
        sites[e] = frames->functions[frames->places[place].function].rank <= adding->rank
                       ? site_below(adding->side, parent, adding->places[place])
                       : parent;
    }
    return sites;
}

static void add_sites(const struct adding *adding)
{
    struct side *side = adding->side;
    const struct comparing *comparing = side->comparing;
    struct query query = {
        .by = BY_SITE, .metrics = 1u << comparing->metric, .filter = comparing->filter};
    struct rows rows;
    fold(adding->stacks, &query, &rows);
    uint32_t *sites = sites_of(adding, &rows.tree);
    for (uint32_t k = 0; k < rows.count; k++) {
        const struct row *row = &rows.list[k];
        if (!query_counts(&query, row->class))
            continue;
        uint32_t key = row->key ? sites[row->key] : SIDE_UNKNOWN;
        uint32_t place = row->key ? adding->places[rows.tree.key[row->key]] : 0;
        if (row->key && (!key || side->sites[key].place != place))
            key = site_below(side, key, place); /* what allocated, whoever's code it is */
        fact_add(side, key, row->class, row_metric(row, comparing->metric));
    }
    free(sites);
    rows_free(&rows);
}

/* ---- sources, notes ---- */

/* Lines are matched by the text that a side has of a file. */
static void say_other(const struct adding *adding, const struct function *function)
{
    base_say("%s: %s is not what it was in a log before it of the same side: what a line of it "
             "comes to may be of several lines",
             adding->stacks->log.name, frames_short(&adding->stacks->frames, function));
}

static void add_texts(const struct adding *adding)
{
    struct side *side = adding->side;
    const struct frames *from = &adding->stacks->frames, *to = &side->names.stacks.frames;
    struct sources sources = {0};
    sources_of_log(&sources, &adding->stacks->log);
    while (side->text_count <= to->strings.count) {
        side->texts =
            base_room(side->texts, &side->texts_cap, side->text_count + 1, sizeof *side->texts);
        side->texts[side->text_count++] = (struct side_text){0};
    }
    unsigned char *known = base_alloc(side->text_count, 1); /* this log's text */
    for (size_t p = 0; p < from->place_count; p++) {
        const struct function *function = &from->functions[from->places[p].function];
        uint32_t file = to->functions[to->places[adding->places[p]].function].file;
        struct side_text *text = &side->texts[file];
        if (function->rank != RANK_USER || !function->file || known[file])
            continue;
        const struct source *source = source_of(&sources, from, function);
        if (!source || !source->text || source->mixed)
            continue;
        known[file] = 1;
        if (!text->text)
            *text = (struct side_text){base_copy(source->text, source->bytes), source->bytes};
        else if (text->bytes != source->bytes || memcmp(text->text, source->text, text->bytes) != 0)
            say_other(adding, function);
    }
    free(known);
    sources_free(&sources);
}

static void add_notes(struct side *side, const struct stacks *stacks)
{
    size_t count;
    char **notes = notes_list(stacks, NULL, &count);
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < side->note_count && !known; k++)
            known = !strcmp(side->notes[k], notes[i]);
        if (known) {
            free(notes[i]);
            continue;
        }
        side->notes =
            base_room(side->notes, &side->notes_cap, side->note_count + 1, sizeof *side->notes);
        side->notes[side->note_count++] = notes[i];
    }
    free(notes);
}

/* ---- all ---- */

static void total_add(struct side *side, size_t from)
{
    int64_t *total = &side->totals[side->run_count - 1];
    for (size_t i = from; i < side->fact_count; i++) {
        int64_t value = side->facts[i].value;
        if (metric_adds(side->comparing->metric))
            *total = (int64_t)((uint64_t)*total + (uint64_t)value);
        else if (value > *total)
            *total = value;
    }
}

static enum rank rank_of(const struct comparing *comparing, const struct frames *frames)
{
    enum rank best = frames_rank(frames);
    if (comparing->all || comparing->by == BY_MODULE)
        return RANK_LIBRARY;
    return best < RANK_PROGRAM ? RANK_PROGRAM : best;
}

/* False after a message: of earlier periods it is not known what was held at their peaks. */
static bool is_known(const struct side *side, const struct stacks *stacks)
{
    uint32_t last = stacks->log.header.period;
    if (side->comparing->metric != METRIC_PEAK || stacks->model.periods.last >= last)
        return true;
    base_say("%s: what was held at the peak is known of the last period alone, %u; of others, for "
             "example, --metric allocated",
             stacks->log.name, (unsigned)last);
    return false;
}

bool side_log(struct side *side, const char *file, struct periods periods)
{
    const struct comparing *comparing = side->comparing;
    struct stacks stacks;
    bool good = stacks_open_under(&stacks, file, periods, comparing->under);
    stacks.absent |= good && !is_known(side, &stacks);
    good = good && !stacks.absent;
    if (good) {
        struct adding adding = {.side = side,
                                .stacks = &stacks,
                                .rank = rank_of(comparing, &stacks.frames),
                                .places = joined_names(&side->names, &stacks)};
        size_t before = side->fact_count;
        if (comparing->by == BY_SITE)
            add_sites(&adding);
        else
            add_rows(&adding);
        total_add(side, before);
        if (comparing->by != BY_MODULE)
            add_texts(&adding);
        add_notes(side, &stacks);
        struct log_text called = log_called(&stacks.log);
        if (!side->program && stacks.log.exe.bytes)
            side->program = base_copy(stacks.log.exe.text, stacks.log.exe.bytes);
        if (!side->called && called.bytes)
            side->called = base_copy(called.text, called.bytes);
        if (side->added)
            side->added(side, &stacks, side->context);
        free(adding.places);
    }
    int status = stacks_status(&stacks);
    side->status = status > side->status ? status : side->status;
    stacks_close(&stacks);
    return good;
}

void side_end(struct side *side)
{
    joined_end(&side->names);
}

void side_free(struct side *side)
{
    for (size_t i = 0; i < side->text_count; i++)
        free(side->texts[i].text);
    for (size_t i = 0; i < side->note_count; i++)
        free(side->notes[i]);
    free(side->notes);
    free(side->texts);
    free(side->facts);
    free(side->totals);
    free(side->sites);
    free(side->program);
    free(side->called);
    map_free(&side->site_index);
    joined_free(&side->names);
    *side = (struct side){0};
}
