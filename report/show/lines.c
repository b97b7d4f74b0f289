/* SPDX-License-Identifier: MIT */
#include "show/lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "resolve/source_of.h"
#include "show/fit.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/row_json.h"
#include "show/table.h"

#define CONTEXT 2u /* lines on each side of one with figures */

/* The columns of a function's table, and which ones go first where a terminal is narrow. */
enum { RANKED = 1, DISCARDED = 8, COUNT = 10, SOURCE = 11, COLUMNS_MOST };
static const struct table_column all_columns[COLUMNS_MOST] = {
    {"  Line", 6},    [RANKED] = {"", 9},     {"Mem usage", 9},
    {"Increment", 9}, {"Rise", 10},           {"Live", 9},
    {"At peak", 9},   {"Resident", 9},        [DISCARDED] = {"Discarded", 9},
    {"Allocs", 8},    [COUNT] = {"Count", 8}, [SOURCE] = {"Source", 0}};
static const unsigned char all_spare[COLUMNS_MOST] = {0, 0, 2, 0, 0, 0, 0, 3, 0, 1, 0, 0};

struct columns {
    struct table_column of[COLUMNS_MOST];
    unsigned char spare[COLUMNS_MOST], index[COLUMNS_MOST]; /* in all_columns */
    size_t count;
};

/* None of the usual columns has the figure. */
static bool is_extra(enum metric metric)
{
    return !table_titled(all_columns, COLUMNS_MOST, metric_title(metric));
}

/* What the functions are ranked by, where it is an extra column; Discarded, where there is any; Count, where executions were counted. */
static void columns_make(struct columns *columns, const struct listing *listing, enum metric ranked)
{
    columns->count = 0;
    for (unsigned c = 0; c < COLUMNS_MOST; c++) {
        if ((c == DISCARDED && !listing->discards) || (c == COUNT && !listing->exact) ||
            (c == RANKED && !is_extra(ranked)))
            continue;
        columns->of[columns->count] = all_columns[c];
        if (c == RANKED)
            columns->of[columns->count].title = metric_title(ranked);
        columns->spare[columns->count] = all_spare[c];
        columns->index[columns->count++] = c;
    }
}

void lines_cell(struct table *table, const struct row *row, enum metric metric)
{
    char text[TEXT_SIZE_BYTES];
    bool known =
        metric == METRIC_USAGE        ? row->sums.happened
        : metric == METRIC_EXECUTIONS ? row->exact
        : metric == METRIC_RELEASED || metric == METRIC_RELEASES || metric == METRIC_INCREMENT
            ? !row->releaseless
            : true;
    table_cell(table, known ? metric_text(text, metric, row_metric(row, metric)) : NULL);
}

static void row_figures(struct table *table, const struct row *key, const struct listing *listing,
                        enum metric ranked)
{
    const struct sums *sums = &key->sums;
    if (is_extra(ranked))
        lines_cell(table, key, ranked);
    if (sums->happened)
        table_cell_size(table, (int64_t)sums->level);
    else
        table_cell(table, NULL);
    if (key->releaseless)
        table_cell(table, NULL);
    else
        table_cell_size(table, sums_increment(sums));
    if (key->riseless)
        table_cell(table, NULL);
    else
        table_cell_rise(table, key->rise, key->rise_most);
    table_cell_size(table, row_metric(key, METRIC_LIVE));
    table_cell_size(table, row_metric(key, METRIC_PEAK));
    if (sums->resident)
        table_cell_size(table, sums->resident);
    else
        table_cell(table, NULL);
    if (listing->discards && sums->discards)
        table_cell_size(table, (int64_t)sums->discarded);
    else if (listing->discards)
        table_cell(table, NULL);
    table_cell_count(table, sums->allocations);
    if (listing->exact && key->exact)
        table_cell_count(table, key->executions);
    else if (listing->exact)
        table_cell(table, NULL);
}

static void row_number(struct table *table, uint32_t line)
{
    char number[16];
    snprintf(number, sizeof number, "%" PRIu32, line);
    table_cell(table, number);
}

static void row_source(struct table *table, const struct listing *listing, uint32_t line)
{
    char *text =
        listing->source && listing->source->text ? source_line(listing->source, line) : NULL;
    table_cell(table, text);
    free(text);
}

/* A line that is worth red: it rises at least half of what the function's highest line does. */
static bool is_hot(const struct listing *listing, const struct row *key)
{
    return key->rise && key->rise >= listing->most - listing->most / 2;
}

static void row_gap(struct table *table)
{
    table_row(table, STYLE_FAINT);
    table_cell(table, "…");
}

/* The function's own figures; where a line calls its own function again, the lines' figures
 * overlap. */
static void row_total(const struct view *view, const struct listing *listing, struct table *table)
{
    const struct row *total = &view->functions.list[listing->function];
    uint64_t allocated = 0, released = 0;
    for (size_t i = 0; i < listing->count; i++) {
        allocated += view->lines.list[listing->places[i]].sums.allocated;
        released += view->lines.list[listing->places[i]].sums.released;
    }
    if (listing->returns) {
        allocated += listing->returns->sums.allocated;
        released += listing->returns->sums.released;
    }
    bool overlap = allocated != total->sums.allocated || released != total->sums.released;
    table_row(table, STYLE_TITLE);
    table_cell(table, "total");
    row_figures(table, total, listing, view->ranked);
    if (overlap)
        table_cell(table, "(recursive: the lines overlap)");
}

/* Lines listing->first to last: all, or those with figures and what is next to them. Without their text, only the former. */
static void rows_of_lines(const struct view *view, const struct listing *listing, bool all,
                          struct table *table)
{
    bool text = listing->source && listing->source->text, whole = all && text && listing->whole;
    uint32_t context = text ? CONTEXT : 0;
    int blanks = 7 + listing->discards + listing->exact + is_extra(view->ranked);
    size_t next = 0;                    /* the first place at this line or after it */
    uint32_t shown_to = 0, kept_to = 0; /* last line printed; last line within reach of figures */
    const struct place *places = view->stacks.frames.places;
    while (next < listing->count && !places[listing->places[next]].line)
        next++;
    for (uint32_t line = listing->first; line && line <= listing->last;) {
        bool here = next < listing->count && places[listing->places[next]].line == line;
        uint32_t ahead = next < listing->count ? places[listing->places[next]].line : UINT32_MAX;
        if (here)
            kept_to = line + context;
        if (!whole && line > kept_to && ahead - line > context) {
            line = ahead == UINT32_MAX ? listing->last + 1 : ahead - context;
            continue;
        }
        if (text && (shown_to ? shown_to + 1 : listing->first) != line)
            row_gap(table);
        shown_to = line;
        const struct row *key = here ? &view->lines.list[listing->places[next++]] : NULL;
        table_row(table, key && is_hot(listing, key) ? STYLE_HOT : STYLE_NONE);
        row_number(table, line);
        if (key)
            row_figures(table, key, listing, view->ranked);
        for (int blank = 0; !key && blank < blanks; blank++)
            table_cell(table, NULL);
        row_source(table, listing, line++);
    }
    if (text && shown_to && shown_to < listing->last)
        row_gap(table);
}

void listing_print(struct view *view, const struct listing *listing, bool all, FILE *out)
{
    struct table table;
    char *whole = name_of_function(&view->stacks.frames, listing->function);
    const char *changed =
        listing->changed ? "   (changed since the run: its text is not shown)" : "";
    size_t cut = terminal_cut();
    char *title = fit_name(whole, cut == SIZE_MAX ? cut : cut - strlen(changed));
    free(whole);
    fputs(terminal_on(STYLE_TITLE), out);
    text_put(out, title, strlen(title), SIZE_MAX);
    fprintf(out, "%s%s\n", terminal_off(STYLE_TITLE), changed);
    free(title);
    struct columns columns;
    columns_make(&columns, listing, view->ranked);
    table_start(&table, columns.of, columns.count);
    table.spare = columns.spare;
    view->textless += listing->first && !(listing->source && listing->source->text);
    for (size_t i = 0; i < listing->count; i++) { /* code of it without a line */
        const struct place *place = &view->stacks.frames.places[listing->places[i]];
        if (place->line)
            continue;
        char address[32];
        table_row(&table, STYLE_NONE);
        table_cell(&table, NULL);
        row_figures(&table, &view->lines.list[listing->places[i]], listing, view->ranked);
        snprintf(address, sizeof address, "at 0x%" PRIx64, place->address);
        table_cell(&table, place->address ? address : "(no line information)");
    }
    rows_of_lines(view, listing, all, &table);
    if (listing->returns) {
        table_row(&table, STYLE_NONE);
        table_cell(&table, "return");
        row_figures(&table, listing->returns, listing, view->ranked);
        table_cell(&table, "(on return)");
    }
    row_total(view, listing, &table);
    unsigned left_out = table_finish(&table, out, terminal_cut());
    for (size_t c = 0; c < columns.count; c++)
        view->left_out |= (left_out >> c & 1u) << columns.index[c];
    fputc('\n', out);
}

void listings_say(const struct view *view, FILE *out)
{
    char number[TEXT_COUNT_BYTES];
    if (view->textless)
        fprintf(out, "%s function%s no source here: only lines with events are shown.\n",
                text_count(number, view->textless), view->textless == 1 ? " has" : "s have");
    table_left_out(all_columns, COLUMNS_MOST, view->left_out, out);
    if (view->textless || view->left_out)
        fputc('\n', out);
}

/* ---- as JSON ---- */

static bool has_figures(const struct row *key)
{
    return row_shows(key) || key->sums.resident;
}

static void json_line(struct view *view, struct json *json, uint32_t index)
{
    const struct place *place = &view->stacks.frames.places[index];
    const struct function *function = &view->stacks.frames.functions[place->function];
    json_open(json, NULL, '{');
    json_place(&view->stacks.frames, json, index);
    if (place->line == PLACE_RETURNS)
        json_unsigned(json, "first_line", function->first_line);
    json_row(json, &view->lines.list[index]);
    json_executions(json, "executions", &view->lines.list[index]);
    char *text = source_of_line(&view->sources, &view->stacks.frames, function, place->line);
    json_cstring(json, "source", text);
    free(text);
    json_bool(json, "user", function->rank == RANK_USER);
    json_close(json, '}');
}

static void json_of_function(struct view *view, struct json *json, uint32_t index)
{
    const struct function *function = &view->stacks.frames.functions[index];
    json_open(json, NULL, '{');
    json_cstring(json, "file", frames_file(&view->stacks.frames, function));
    json_function(&view->stacks.frames, json, index);
    if (function->first_line)
        json_unsigned(json, "first_line", function->first_line);
    else
        json_none(json, "first_line");
    json_bool(json, "source_changed",
              source_of_changed(&view->sources, &view->stacks.frames, function));
    json_row(json, &view->functions.list[index]);
    json_executions(json, "calls", &view->functions.list[index]);
    json_bool(json, "user", function->rank == RANK_USER);
    json_close(json, '}');
}

void lines_json(struct view *view, struct json *json, const unsigned char *wanted,
                enum metric metric)
{
    size_t count;
    uint32_t *list = rows_by(&view->lines, metric, has_figures, &count);
    json_open(json, "lines", '[');
    for (size_t i = 0; i < count; i++)
        if (!wanted || wanted[view->stacks.frames.places[list[i]].function])
            json_line(view, json, list[i]);
    json_close(json, ']');
    free(list);
    list = rows_by(&view->functions, metric, has_figures, &count);
    json_open(json, "functions", '[');
    for (size_t i = 0; i < count; i++)
        if (!wanted || wanted[list[i]])
            json_of_function(view, json, list[i]);
    json_close(json, ']');
    free(list);
}
