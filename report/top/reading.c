/* SPDX-License-Identifier: MIT */
#include "top/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/fold.h"
#include "resolve/source_log.h"
#include "resolve/source_of.h"
#include "show/name.h"

const char *top_view_name(enum top_view view)
{
    static const char *const names[TOP_VIEWS] = {"lines",   "functions", "sites",
                                                 "threads", "modules",   "tree"};
    return names[view];
}

bool top_read(struct top_reading *reading, const char *file)
{
    *reading = (struct top_reading){.file = file, .at = base_now()};
    reading->there = stacks_open(&reading->stacks, file, ALL_PERIODS);
    if (reading->there)
        sources_of_log(&reading->sources, &reading->stacks.log);
    reading->took = base_now() - reading->at;
    return reading->there;
}

static void forget_rows(struct top_reading *reading)
{
    rows_free(&reading->rows);
    free(reading->items);
    children_free(&reading->children);
    reading->items = NULL;
    reading->children = (struct children){0};
    reading->count = 0;
}

void top_close(struct top_reading *reading)
{
    forget_rows(reading);
    if (reading->there)
        sources_free(&reading->sources);
    stacks_close(&reading->stacks);
    *reading = (struct top_reading){0};
}

/* ---- What a row is, whatever its number in this reading ---- */

static uint64_t mix(uint64_t id, uint64_t more)
{
    id = (id ^ more) * 0x9e3779b97f4a7c15u;
    return id ^ id >> 29;
}

static uint64_t id_of_text(const char *text)
{
    return text ? map_key(text, strlen(text)) : 0;
}

static uint64_t id_of_function(const struct frames *frames, uint32_t function)
{
    const struct function *f = &frames->functions[function];
    struct log_text module = frames_module(frames, f);
    uint64_t id = mix(id_of_text(frames_file(frames, f)), id_of_text(frames_name(frames, f)));
    return mix(id, module.bytes ? map_key(module.text, module.bytes) : 0);
}

/* Of all places; they are many, and each stands in many stacks. To be freed. */
static uint64_t *ids_of_places(const struct frames *frames)
{
    uint64_t *functions = base_alloc(frames->function_count, sizeof *functions);
    uint64_t *ids = base_alloc(frames->place_count, sizeof *ids);
    for (uint32_t f = 0; f < frames->function_count; f++)
        functions[f] = id_of_function(frames, f);
    for (size_t p = 0; p < frames->place_count; p++) {
        const struct place *place = &frames->places[p];
        ids[p] = mix(mix(functions[place->function], place->line), place->address);
    }
    free(functions);
    return ids;
}

/* Of all entries of a tree of places: what the path to each says. To be freed. */
static uint64_t *ids_of_entries(const struct frames *frames, const struct tree *tree)
{
    uint64_t *places = ids_of_places(frames);
    uint64_t *ids = base_alloc(tree->count, sizeof *ids);
    for (uint32_t e = 1; e < tree->count; e++) {
        uint32_t key = tree->key[e];
        ids[e] = mix(ids[tree->parent[e]], key >= TREE_THREAD ? key : places[key]);
    }
    free(places);
    return ids;
}

static uint64_t id_of_module(const struct log *log, uint32_t module)
{
    struct log_text path =
        module < log->module_count ? log->modules[module].path : (struct log_text){0};
    return path.bytes ? map_key(path.text, path.bytes) : 1;
}

/* ---- Rows ---- */

static const enum grouping by[TOP_VIEWS] = {
    [TOP_LINES] = BY_LINE,     [TOP_FUNCTIONS] = BY_FUNCTION, [TOP_SITES] = BY_SITE,
    [TOP_THREADS] = BY_THREAD, [TOP_MODULES] = BY_MODULE,     [TOP_TREE] = BY_TREE};

const struct row *top_row(const struct top_reading *reading, const struct top_item *item)
{
    const struct rows *rows = &reading->rows;
    return item->row == TOP_REST      ? &rows->rest
           : item->row == TOP_UNKNOWN ? &rows->unknown
                                      : &rows->list[item->row];
}

static void add(struct top_reading *reading, uint64_t id, uint32_t row)
{
    struct top_item item = {.id = id, .row = row};
    const struct row *from = top_row(reading, &item);
    item.figure = row_metric(from, reading->ask.metric);
    item.allocations = from->sums.allocations;
    if (item.figure || (reading->ask.view != TOP_SITES && from->sums.allocations))
        reading->items[reading->count++] = item;
}

static void add_all(struct top_reading *reading, const uint64_t *ids)
{
    const struct rows *rows = &reading->rows;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->list[i];
        uint64_t id = ids ? ids[row->key] : 0;
        if (reading->ask.view == TOP_MODULES)
            id = id_of_module(&reading->stacks.log, row->key);
        else if (reading->ask.view == TOP_THREADS)
            id = row->key;
        else if (reading->ask.view == TOP_SITES)
            id = mix(id, row->class);
        add(reading, id, i);
    }
    add(reading, 0, TOP_REST);
    add(reading, 1, TOP_UNKNOWN);
}

static int item_order(const void *a, const void *b)
{
    const struct top_item *x = a, *y = b;
    if (x->figure != y->figure)
        return x->figure > y->figure ? -1 : 1;
    if (x->allocations != y->allocations)
        return x->allocations > y->allocations ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Each entry's children with the highest first: items are in that order, so adding them from the last on does it. */
static void make_children(struct top_reading *reading)
{
    const struct tree *tree = &reading->rows.tree;
    reading->children = children_make(tree->count);
    for (size_t i = reading->count; i-- > 0;)
        if (reading->items[i].row && top_listed(&reading->items[i]))
            children_add(&reading->children, tree->parent[reading->items[i].row],
                         reading->items[i].row);
}

void top_fold(struct top_reading *reading, const struct top_ask *ask)
{
    const struct stacks *stacks = &reading->stacks;
    uint64_t began = base_now();
    struct query query = {
        .by = by[ask->view],
        .metrics = ask->metric == METRIC_RISE ? 1u << METRIC_RISE : 0,
        .own = !ask->inclusive && ask->view != TOP_TREE,
        .rank = ask->all || ask->view == TOP_MODULES ? RANK_LIBRARY : RANK_PROGRAM,
        .filter = {.classes = ask->view == TOP_SITES
                                  ? 1u << CLASS_HEAP | 1u << CLASS_ANON | 1u << CLASS_SHARED
                                  : 0}};
    forget_rows(reading);
    reading->ask = *ask;
    fold(stacks, &query, &reading->rows);
    reading->items = base_alloc(reading->rows.count + (size_t)1, sizeof *reading->items);
    uint64_t *ids = NULL;
    if (ask->view == TOP_LINES) {
        ids = ids_of_places(&stacks->frames);
    } else if (ask->view == TOP_FUNCTIONS) {
        ids = base_alloc(stacks->frames.function_count, sizeof *ids);
        for (uint32_t f = 0; f < stacks->frames.function_count; f++)
            ids[f] = id_of_function(&stacks->frames, f);
    } else if (ask->view == TOP_SITES || ask->view == TOP_TREE) {
        ids = ids_of_entries(&stacks->frames, &reading->rows.tree);
    }
    add_all(reading, ids);
    free(ids);
    qsort(reading->items, reading->count, sizeof *reading->items, item_order);
    if (ask->view == TOP_TREE)
        make_children(reading);
    reading->total = row_metric(&(struct row){.sums = stacks->model.total}, ask->metric);
    if (ask->metric == METRIC_PEAK)
        reading->total = (int64_t)log_peak(&stacks->log);
    reading->took += base_now() - began;
}

/* ---- Names ---- */

uint32_t top_place(const struct top_reading *reading, const struct top_item *item)
{
    const struct rows *rows = &reading->rows;
    if (!top_listed(item))
        return UINT32_MAX;
    uint32_t key = rows->list[item->row].key;
    switch (reading->ask.view) {
    case TOP_LINES:
        return key;
    case TOP_SITES:
    case TOP_TREE:
        key = key ? rows->tree.key[key] : UINT32_MAX;
        return key >= TREE_THREAD ? UINT32_MAX : key;
    default:
        return UINT32_MAX;
    }
}

/* "a.c:5  f < a.c:9  g < main": the call and those of your own code that led to it. */
#define SITE_CALLERS 3u
static char *name_of_site(const struct top_reading *reading, uint32_t entry)
{
    const struct tree *tree = &reading->rows.tree;
    const struct frames *frames = &reading->stacks.frames;
    char *text = NULL;
    size_t bytes = 0;
    unsigned named = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out || !entry)
        fputs(NAME_NOT_KNOWN, out ? out : stderr);
    for (; out && entry && named <= SITE_CALLERS; entry = tree->parent[entry]) {
        uint32_t place = tree->key[entry];
        if (place >= TREE_THREAD)
            continue;
        const struct function *f = &frames->functions[frames->places[place].function];
        if (named && f->rank > RANK_PROGRAM)
            continue;
        char *name = name_of_place(frames, place);
        fprintf(out, "%s%s", named++ ? " < " : "", name);
        free(name);
    }
    if (out)
        fclose(out);
    return text ? text : base_copy("", 0);
}

static char *name_of_slot(const struct model *model, uint32_t thread)
{
    char text[64], before[TEXT_COUNT_BYTES];
    if (!thread || thread >= model->thread_count)
        return base_copy("(threads that are not known)", 28);
    const struct thread *t = &model->threads[thread];
    int bytes =
        snprintf(text, sizeof text, "%s  (tid %" PRId32 "%s%s%s)", t->name, t->tid,
                 t->earlier ? ", and " : "", t->earlier ? text_count(before, t->earlier) : "",
                 t->earlier ? " before it" : "");
    return base_copy(text, (size_t)bytes);
}

static char *name_of_module(const struct log *log, uint32_t module)
{
    if (module && module < log->module_count && log->modules[module].path.bytes)
        return base_copy(log->modules[module].path.text, log->modules[module].path.bytes);
    return base_copy("(no module: Python, or code made while the program ran)", 55);
}

char *top_name(const struct top_reading *reading, const struct top_item *item)
{
    const struct stacks *stacks = &reading->stacks;
    if (item->row == TOP_REST)
        return base_copy(NAME_NOT_YOURS, sizeof NAME_NOT_YOURS - 1);
    if (item->row == TOP_UNKNOWN)
        return base_copy(NAME_NOT_KNOWN, sizeof NAME_NOT_KNOWN - 1);
    uint32_t key = reading->rows.list[item->row].key;
    switch (reading->ask.view) {
    case TOP_LINES:
        return name_of_place(&stacks->frames, key);
    case TOP_FUNCTIONS:
        return name_of_function(&stacks->frames, key);
    case TOP_SITES:
        return name_of_site(reading, key);
    case TOP_THREADS:
        return name_of_slot(&stacks->model, key);
    case TOP_MODULES:
        return name_of_module(&stacks->log, key);
    default:
        break;
    }
    uint32_t place = top_place(reading, item);
    return place == UINT32_MAX ? base_copy("(all)", 5) : name_of_place(&stacks->frames, place);
}

char *top_source(struct top_reading *reading, const struct top_item *item)
{
    const struct frames *frames = &reading->stacks.frames;
    uint32_t place = top_place(reading, item);
    if (place == UINT32_MAX || !frames->places[place].line)
        return NULL;
    const struct place *p = &frames->places[place];
    char *line =
        source_of_line(&reading->sources, frames, &frames->functions[p->function], p->line);
    if (line)
        memmove(line, line + strspn(line, " "), strlen(line + strspn(line, " ")) + 1);
    return line;
}
