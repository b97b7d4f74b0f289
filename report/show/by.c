/* SPDX-License-Identifier: MIT */
#include "show/by.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/row_json.h"
#include "show/table.h"

struct listed {
    const struct stacks *stacks;
    const struct by *by;
    const struct rows *inclusive, *own; /* the same keys */
    const struct rows *ranked;          /* one of them */
    const struct row *total;            /* that they are parts of */
    uint32_t *list;                     /* the highest first */
    size_t shown, count;
    int64_t whole; /* 0: the metric does not add up */
};

/* A byte for each key: a place of the rank asked for has it. NULL: all keys will do. */
static unsigned char *keys_of_rank(const struct stacks *stacks, const struct rows *rows,
                                   enum rank rank)
{
    const struct frames *frames = &stacks->frames;
    if (rank == RANK_LIBRARY || rows->by == BY_THREAD || rows->by == BY_CLASS)
        return NULL;
    unsigned char *good = base_alloc(rows->count + (size_t)1, 1);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        if (function->rank > rank)
            continue;
        if (rows->by == BY_FUNCTION)
            good[f] = 1;
        else if (rows->by == BY_FILE)
            good[function->file] = 1;
        else if (rows->by == BY_MODULE && function->module < stacks->log.module_count)
            good[function->module] = 1;
    }
    for (uint32_t p = 0; rows->by == BY_LINE && p < rows->count; p++)
        good[p] = frames->functions[frames->places[p].function].rank <= rank;
    return good;
}

void by_queries(const struct by *by, struct query queries[BY_QUERIES])
{
    queries[0] = (struct query){.by = by->by, .metrics = 1u << by->metric, .filter = by->filter};
    queries[1] = queries[0];
    queries[1].own = true;
    queries[1].rank = by->rank;
}

static void listed_make(struct listed *listed, const struct stacks *stacks, const struct by *by,
                        const struct rows rows[BY_QUERIES], const struct row *whole)
{
    *listed = (struct listed){
        .stacks = stacks, .by = by, .inclusive = &rows[0], .own = &rows[1], .total = whole};
    listed->ranked = by->own ? listed->own : listed->inclusive;
    listed->whole = metric_adds(by->metric) ? row_metric(whole, by->metric) : 0;
    unsigned char *good = keys_of_rank(stacks, listed->ranked, by->rank);
    uint32_t *all = rows_by(listed->ranked, by->metric, NULL, &listed->count);
    size_t kept = 0;
    for (size_t i = 0; i < listed->count; i++)
        if ((!good || good[all[i]]) && (row_shows(&listed->inclusive->list[all[i]]) ||
                                        row_metric(&listed->ranked->list[all[i]], by->metric)))
            all[kept++] = all[i];
    listed->list = all;
    listed->count = kept;
    while (listed->shown < kept && listed->shown < by->top &&
           share_reaches(row_metric(&listed->ranked->list[all[listed->shown]], by->metric),
                         listed->whole, by->min_share))
        listed->shown++;
    free(good);
}

static void listed_free(struct listed *listed)
{
    free(listed->list);
}

/* The rows of one table alone. */
static struct row rows_make(const struct stacks *stacks, const struct by *by,
                            struct rows rows[BY_QUERIES])
{
    struct query queries[BY_QUERIES];
    by_queries(by, queries);
    fold_several(stacks, queries, rows, BY_QUERIES);
    return fold_whole(stacks, &by->filter);
}

static void rows_end(struct rows rows[BY_QUERIES])
{
    for (unsigned i = 0; i < BY_QUERIES; i++)
        rows_free(&rows[i]);
}

static char *text_of(struct log_text text, const char *otherwise)
{
    return text.bytes ? base_copy(text.text, text.bytes) : base_copy(otherwise, strlen(otherwise));
}

/* To be freed. */
static char *name_of_key(const struct listed *listed, uint32_t key)
{
    const struct stacks *stacks = listed->stacks;
    const struct frames *frames = &stacks->frames;
    const char *file;
    switch (listed->by->by) {
    case BY_LINE:
        return name_of_place(frames, key);
    case BY_FUNCTION:
        return name_of_function(frames, key);
    case BY_FILE:
        file = key ? strings_get(&frames->strings, key) : "no source file is known";
        return base_copy(file, strlen(file));
    case BY_MODULE:
        return text_of(key ? stacks->log.modules[key].path : (struct log_text){0},
                       "Python code, and code of no module");
    case BY_THREAD:
        if (key < stacks->model.thread_count && stacks->model.threads[key].name[0])
            return name_of_thread(&stacks->model, key);
        return text_of((struct log_text){0}, key ? "(a thread without a name)" : "(not known)");
    default:
        return base_copy(class_name(key), strlen(class_name(key)));
    }
}

/* ---- text ---- */

static void print_row(struct table *table, const struct listed *listed, const struct row *inclusive,
                      const struct row *own, const char *name)
{
    const struct row *rows[] = {inclusive, own};
    char text[TEXT_SIZE_BYTES], share[SHARE_BYTES];
    for (int i = 0; i < 2; i++) {
        int64_t value = rows[i] ? row_metric(rows[i], listed->by->metric) : 0;
        table_cell(table, rows[i] ? metric_text(text, listed->by->metric, value) : NULL);
        table_cell(table, rows[i] ? share_text(share, value, listed->whole) : NULL);
    }
    if (inclusive || own)
        table_cell_count(table, (inclusive ? inclusive : own)->sums.allocations);
    else
        table_cell(table, NULL);
    table_cell(table, name);
}

/* What the rows that are not shown come to: own figures add up. */
static struct row others_of(const struct listed *listed)
{
    struct row others = {.riseless = true};
    for (size_t i = listed->shown; i < listed->count; i++)
        sums_add(&others.sums, &listed->own->list[listed->list[i]].sums);
    others.sums.happened = false;
    return others;
}

/* Own figures of all that is neither shown nor among the others: of code of worse ranks. */
static struct row rest_of(const struct listed *listed)
{
    struct row rest = listed->own->rest;
    unsigned char *listed_too = base_alloc(listed->own->count + (size_t)1, 1);
    for (size_t i = 0; i < listed->count; i++)
        listed_too[listed->list[i]] = 1;
    for (uint32_t k = 0; k < listed->own->count; k++)
        if (!listed_too[k])
            sums_add(&rest.sums, &listed->own->list[k].sums);
    free(listed_too);
    return rest;
}

static bool adds(const struct listed *listed)
{
    return metric_adds(listed->by->metric);
}

void by_print(const struct stacks *stacks, const struct by *by, FILE *out)
{
    struct rows rows[BY_QUERIES];
    struct row whole = rows_make(stacks, by, rows);
    struct listed listed;
    listed_make(&listed, stacks, by, rows, &whole);
    const struct table_column columns[] = {
        {metric_title(by->metric), 10}, {"Share", 7}, {"Own", 10}, {"Share", 7}, {"Allocs", 9},
        {grouping_name(by->by), 0}};
    static const unsigned char spare[] = {0, 1, 0, 2, 3, 0};
    struct table table;
    fprintf(out, "%sBy %s%s%s\n", terminal_on(STYLE_TITLE), grouping_name(by->by),
            by->own ? ", own first" : "", terminal_off(STYLE_TITLE));
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    table.spare = spare;
    table.names = by->by == BY_LINE || by->by == BY_FUNCTION;
    for (size_t i = 0; i < listed.shown; i++) {
        uint32_t key = listed.list[i];
        char *name = name_of_key(&listed, key);
        table_row(&table, STYLE_NONE);
        print_row(&table, &listed, &listed.inclusive->list[key], &listed.own->list[key], name);
        free(name);
    }
    if (listed.shown < listed.count) {
        char text[48], number[TEXT_COUNT_BYTES];
        snprintf(text, sizeof text, "%s other%s", text_count(number, listed.count - listed.shown),
                 text_s(listed.count - listed.shown));
        struct row others = others_of(&listed);
        table_row(&table, STYLE_FAINT);
        print_row(&table, &listed, NULL, adds(&listed) ? &others : NULL, text);
    }
    struct row rest = rest_of(&listed);
    if (adds(&listed) && row_shows(&rest)) {
        table_row(&table, STYLE_NONE);
        print_row(&table, &listed, NULL, &rest, NAME_NOT_YOURS);
    }
    if (adds(&listed) && row_shows(&listed.own->unknown)) {
        table_row(&table, STYLE_NONE);
        print_row(&table, &listed, NULL, &listed.own->unknown, NAME_NOT_KNOWN);
    }
    if (adds(&listed)) {
        table_row(&table, STYLE_TITLE);
        print_row(&table, &listed, &whole, &whole, "total");
    }
    unsigned hidden = table_finish(&table, out, terminal_cut());
    table_left_out(columns, sizeof columns / sizeof columns[0], hidden, out);
    fputc('\n', out);
    listed_free(&listed);
    rows_end(rows);
}

/* ---- JSON ---- */

static void json_tid(struct json *json, const struct thread *thread)
{
    if (thread && thread->tid)
        json_signed(json, "tid", thread->tid);
    else
        json_none(json, "tid");
}

static void json_key(const struct listed *listed, struct json *json, uint32_t key)
{
    const struct frames *frames = &listed->stacks->frames;
    const struct log *log = &listed->stacks->log;
    const struct thread *thread;
    struct log_text module;
    switch (listed->by->by) {
    case BY_LINE:
        json_place(frames, json, key);
        break;
    case BY_FUNCTION:
        json_cstring(json, "file", frames_file(frames, &frames->functions[key]));
        json_function(frames, json, key);
        break;
    case BY_FILE:
        json_cstring(json, "file", strings_get(&frames->strings, key));
        break;
    case BY_MODULE:
        module = key ? log->modules[key].path : (struct log_text){0};
        json_text(json, "module", module.bytes ? module.text : NULL, module.bytes);
        break;
    case BY_THREAD:
        thread = key && key < listed->stacks->model.thread_count
                     ? &listed->stacks->model.threads[key]
                     : NULL;
        json_cstring(json, "thread", thread ? thread->name : NULL);
        json_tid(json, thread);
        json_unsigned(json, "earlier_threads", thread ? thread->earlier : 0);
        break;
    default:
        json_cstring(json, "class", class_name(key));
    }
}

static void json_part(struct json *json, const char *member, const struct row *row)
{
    json_open(json, member, '{');
    json_row(json, row);
    json_close(json, '}');
}

void by_json_of(const struct stacks *stacks, const struct by *by,
                const struct rows rows[BY_QUERIES], const struct row *whole, struct json *json)
{
    struct listed listed;
    listed_make(&listed, stacks, by, rows, whole);
    struct row others = others_of(&listed), rest = rest_of(&listed), unknown = listed.own->unknown;
    sums_add(&rest.sums, &unknown.sums); /* as it always was */
    json_cstring(json, "by", grouping_name(by->by));
    json_cstring(json, "metric", metric_name(by->metric));
    json_open(json, "rows", '[');
    for (size_t i = 0; i < listed.shown; i++) {
        uint32_t key = listed.list[i];
        json_open(json, NULL, '{');
        json_key(&listed, json, key);
        json_row(json, &listed.inclusive->list[key]);
        json_part(json, "own", &listed.own->list[key]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_unsigned(json, "other_count", listed.count - listed.shown);
    json_part(json, "others_own", &others);
    json_part(json, "rest_own", &rest);
    json_part(json, "unknown_own", &unknown);
    json_part(json, "total", whole);
    listed_free(&listed);
}

void by_json(const struct stacks *stacks, const struct by *by, struct json *json)
{
    struct rows rows[BY_QUERIES];
    struct row whole = rows_make(stacks, by, rows);
    by_json_of(stacks, by, rows, &whole, json);
    rows_end(rows);
}
