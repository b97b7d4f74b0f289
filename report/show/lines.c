/* SPDX-License-Identifier: MIT */
#include "show/lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "show/name.h"
#include "show/table.h"

#define LONG_FUNCTION 60u /* lines; longer ones are shortened */
#define CONTEXT       3u  /* lines kept on each side of one with figures */

static const struct table_column line_columns[] = {
    {"  Line", 6},    {"Mem usage", 13}, {"Increment", 13}, {"Rise", 13},
    {"Resident", 13}, {"Allocs", 8},     {"Source", 0},
};

static const struct table_column exact_columns[] = {
    {"  Line", 6},    {"Mem usage", 13}, {"Increment", 13}, {"Rise", 13},
    {"Resident", 13}, {"Allocs", 8},     {"Count", 8},      {"Source", 0},
};

static void row_figures(struct table *table, const struct row *key, bool exact)
{
    const struct sums *sums = &key->sums;
    if (sums->happened)
        table_cell_mib(table, (int64_t)sums->level);
    else
        table_cell(table, NULL);
    table_cell_mib(table, sums_increment(sums));
    table_cell_rise(table, key->rise, key->rise_most);
    if (sums->resident)
        table_cell_mib(table, sums->resident);
    else
        table_cell(table, NULL);
    table_cell_count(table, sums->allocations);
    if (exact && key->exact)
        table_cell_count(table, key->executions);
    else if (exact)
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
    table_cell(table, "...");
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
    row_figures(table, total, listing->exact);
    if (overlap)
        table_cell(table, "(recursive: the lines overlap)");
}

/* Lines listing->first to last, of which some are left out. */
static void rows_of_lines(const struct view *view, const struct listing *listing, bool shorten,
                          struct table *table)
{
    bool whole = listing->whole && (!shorten || listing->last - listing->first < LONG_FUNCTION);
    size_t next = 0;                    /* the first place at this line or after it */
    uint32_t shown_to = 0, kept_to = 0; /* last line printed; last line within reach of figures */
    const struct place *places = view->stacks.frames.places;
    while (next < listing->count && !places[listing->places[next]].line)
        next++;
    for (uint32_t line = listing->first; line && line <= listing->last;) {
        bool here = next < listing->count && places[listing->places[next]].line == line;
        uint32_t ahead = next < listing->count ? places[listing->places[next]].line : UINT32_MAX;
        if (here)
            kept_to = line + CONTEXT;
        if (!whole && line != listing->first && line > kept_to && ahead - line > CONTEXT) {
            line = ahead == UINT32_MAX ? listing->last + 1 : ahead - CONTEXT;
            continue;
        }
        if (shown_to && shown_to + 1 != line)
            row_gap(table);
        shown_to = line;
        const struct row *key = here ? &view->lines.list[listing->places[next++]] : NULL;
        table_row(table, key && is_hot(listing, key) ? STYLE_HOT : STYLE_NONE);
        row_number(table, line);
        if (key)
            row_figures(table, key, listing->exact);
        for (int blank = 0; !key && blank < 5 + listing->exact; blank++)
            table_cell(table, NULL);
        row_source(table, listing, line++);
    }
    if (shown_to && shown_to < listing->last)
        row_gap(table);
}

void listing_print(const struct view *view, const struct listing *listing, bool shorten, FILE *out)
{
    struct table table;
    char *title = name_of_function(&view->stacks.frames, listing->function);
    fputs(terminal_on(STYLE_TITLE), out);
    text_put(out, title, strlen(title), SIZE_MAX);
    fprintf(out, "%s%s\n", terminal_off(STYLE_TITLE),
            listing->changed ? "   (changed since the run: its text is not shown)" : "");
    free(title);
    if (listing->exact)
        table_start(&table, exact_columns, sizeof exact_columns / sizeof exact_columns[0]);
    else
        table_start(&table, line_columns, sizeof line_columns / sizeof line_columns[0]);
    for (size_t i = 0; i < listing->count; i++) { /* code of it without a line */
        const struct place *place = &view->stacks.frames.places[listing->places[i]];
        if (place->line)
            continue;
        char address[32];
        table_row(&table, STYLE_NONE);
        table_cell(&table, NULL);
        row_figures(&table, &view->lines.list[listing->places[i]], listing->exact);
        snprintf(address, sizeof address, "at 0x%" PRIx64, place->address);
        table_cell(&table, place->address ? address : "(no line information)");
    }
    rows_of_lines(view, listing, shorten, &table);
    if (listing->returns) {
        table_row(&table, STYLE_NONE);
        table_cell(&table, "return");
        row_figures(&table, listing->returns, listing->exact);
        table_cell(&table, "(on return)");
    }
    row_total(view, listing, &table);
    table_finish(&table, out, terminal_cut());
    fputc('\n', out);
}
