/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "table.h"

#define LONG_FUNCTION 60u /* lines; longer ones are shortened */
#define CONTEXT       3u  /* lines kept on each side of one with figures */
/* Functions are shown whole up to this many lines, more than any has; but a damaged log must not have us print line
 * numbers for hours. */
#define WHOLE_LINES      50000u   /* of a function whose text is there */
#define WHOLE_TEXTLESS   200u     /* of another one */
#define WHOLE_LINES_VIEW 1000000u /* of all functions together */
/* Lines of source that are read in search of functions' ends, which a log can make one long function for all of. */
#define SEARCHED_LINES 5000000u

/* ---- which lines ---- */

static int place_order(const struct view *view, uint32_t a, uint32_t b)
{
    const struct place *x = &view->frames.places[a], *y = &view->frames.places[b];
    if (x->function != y->function)
        return x->function < y->function ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return a < b ? -1 : a > b;
}

static int rise_order(const void *a, const void *b, void *context)
{
    const struct view *view = context;
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    const struct fold_key *x = &view->lines[p], *y = &view->lines[q];
    if (x->rise != y->rise)
        return x->rise > y->rise ? -1 : 1;
    if (x->sums.allocated != y->sums.allocated)
        return x->sums.allocated > y->sums.allocated ? -1 : 1;
    return place_order(view, p, q);
}

uint32_t *lines_by_rise(const struct view *view, enum rank rank, size_t *count)
{
    const struct frames *frames = &view->frames;
    uint32_t *list = base_alloc(frames->place_count, sizeof *list);
    *count = 0;
    for (uint32_t p = 0; p < frames->place_count; p++)
        if (view_acted(&view->lines[p]) &&
            frames->functions[frames->places[p].function].rank <= rank)
            list[(*count)++] = p;
    qsort_r(list, *count, sizeof *list, rise_order, (void *)(uintptr_t)view);
    return list;
}

static int line_order(const void *a, const void *b, void *context)
{
    return place_order(context, *(const uint32_t *)a, *(const uint32_t *)b);
}

/* The lines to show: the function's text where it is known, else the lines with figures and two on
 * each side. */
static void listing_extent(struct view *view, struct listing *listing)
{
    const struct function *function = &view->frames.functions[listing->function];
    const char *file = frames_file(&view->frames, function);
    uint32_t low = UINT32_MAX, high = 0;
    for (size_t i = 0; i < listing->count; i++) {
        uint32_t line = view->frames.places[listing->places[i]].line;
        if (line && line < low)
            low = line;
        if (line > high)
            high = line;
        if (view->lines[listing->places[i]].rise > listing->most)
            listing->most = view->lines[listing->places[i]].rise;
    }
    if (!file || !high)
        return;
    listing->source = sources_get(&view->sources, file);
    const char *name = frames_name(&view->frames, function);
    bool python = !strcmp(function->language, "Python");
    const char *dot = name ? strrchr(name, '.') : NULL;
    bool named = name && (dot ? dot[1] : name[0]) != '<'; /* not <module>, <lambda>, ... */
    uint32_t first = function->first_line, last = function->last_line;
    if (python && name && !strcmp(name, "<module>"))
        first = 0; /* all of the file: too much */
    if (python && named && first && listing->source->text && view->searched < SEARCHED_LINES) {
        last = source_python_end(listing->source, first);
        uint32_t there = listing->source->line_count; /* the most that was looked at */
        view->searched += last                            ? last - first + (uint64_t)1
                          : there < SOURCE_FUNCTION_LINES ? there
                                                          : SOURCE_FUNCTION_LINES;
    }
    listing->first = first && first <= low ? first : low > 2 ? low - 2 : 1;
    listing->last = last >= high ? last : high > UINT32_MAX - 2 || python ? high : high + 2;
    if (listing->source->text && listing->last > listing->source->line_count)
        listing->last = listing->source->line_count > high ? listing->source->line_count : high;
    uint64_t lines = listing->last - listing->first + (uint64_t)1;
    bool there = listing->source->text && listing->last <= listing->source->line_count;
    listing->whole = lines <= (there ? WHOLE_LINES : WHOLE_TEXTLESS) &&
                     lines <= WHOLE_LINES_VIEW - view->blank_lines;
    view->blank_lines += listing->whole ? lines : 0;
}

struct listing *listings_make(struct view *view, const uint32_t *functions, size_t count)
{
    const struct frames *frames = &view->frames;
    struct listing *listings = base_alloc(count, sizeof *listings);
    uint32_t *listing_of = base_alloc(frames->function_count, sizeof *listing_of);
    size_t *caps = base_alloc(count, sizeof *caps);
    for (size_t i = 0; i < count; i++) {
        listings[i].function = functions[i];
        listings[i].exact = view->functions[functions[i]].exact;
        listings[i].discards = view->functions[functions[i]].sums.discards != 0;
        listing_of[functions[i]] = (uint32_t)i + 1;
    }
    for (uint32_t p = 0; p < frames->place_count; p++) {
        uint32_t index = listing_of[frames->places[p].function];
        if (!index || !view_shows(&view->lines[p]))
            continue;
        struct listing *listing = &listings[index - 1];
        listing->places = base_room(listing->places, &caps[index - 1], listing->count + 1,
                                    sizeof *listing->places);
        listing->places[listing->count++] = p;
    }
    for (size_t i = 0; i < count; i++) {
        if (listings[i].count)
            qsort_r(listings[i].places, listings[i].count, sizeof *listings[i].places, line_order,
                    view);
        listing_extent(view, &listings[i]);
    }
    free(caps);
    free(listing_of);
    return listings;
}

void listings_free(struct listing *listings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(listings[i].places);
    free(listings);
}

/* ---- the annotated table ---- */

#define COLUMNS_MOST 9u

/* The columns of its table; how many. */
static size_t columns_of(const struct listing *listing, struct table_column columns[COLUMNS_MOST])
{
    static const struct table_column always[] = {
        {"  Line", 6}, {"Mem usage", 13}, {"Increment", 13}, {"Rise", 13}, {"Resident", 13}};
    size_t count = sizeof always / sizeof always[0];
    memcpy(columns, always, sizeof always);
    if (listing->discards)
        columns[count++] = (struct table_column){"Discarded", 13};
    columns[count++] = (struct table_column){"Allocs", 8};
    if (listing->exact)
        columns[count++] = (struct table_column){"Count", 8};
    columns[count++] = (struct table_column){"Source", 0};
    return count;
}

static void row_figures(struct table *table, const struct fold_key *key,
                        const struct listing *listing)
{
    const struct sums *sums = &key->sums;
    bool exact = listing->exact;
    if (sums->happened)
        table_cell_mib(table, (int64_t)sums->level);
    else
        table_cell(table, NULL);
    table_cell_mib(table, sums_increment(sums));
    if (key->riseless)
        table_cell(table, NULL);
    else
        table_cell_mib(table, (int64_t)key->rise);
    if (sums->resident)
        table_cell_mib(table, sums->resident);
    else
        table_cell(table, NULL);
    if (listing->discards && sums->discards)
        table_cell_mib(table, (int64_t)sums->discarded);
    else if (listing->discards)
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
static bool is_hot(const struct listing *listing, const struct fold_key *key)
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
    const struct fold_key *total = &view->functions[listing->function];
    uint64_t allocated = 0, released = 0;
    for (size_t i = 0; i < listing->count; i++) {
        allocated += view->lines[listing->places[i]].sums.allocated;
        released += view->lines[listing->places[i]].sums.released;
    }
    bool overlap = allocated != total->sums.allocated || released != total->sums.released;
    table_row(table, STYLE_TITLE);
    table_cell(table, "total");
    row_figures(table, total, listing);
    if (overlap)
        table_cell(table, "(recursive: lines overlap)");
}

/* Lines listing->first to last, of which some are left out. */
static void rows_of_lines(const struct view *view, const struct listing *listing, bool shorten,
                          struct table *table)
{
    bool whole = listing->whole && (!shorten || listing->last - listing->first < LONG_FUNCTION);
    size_t next = 0;                    /* the first place at this line or after it */
    uint32_t shown_to = 0, kept_to = 0; /* last line printed; last line within reach of figures */
    const struct place *places = view->frames.places;
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
        const struct fold_key *key = here ? &view->lines[listing->places[next++]] : NULL;
        table_row(table, key && is_hot(listing, key) ? STYLE_HOT : STYLE_NONE);
        row_number(table, line);
        if (key)
            row_figures(table, key, listing);
        for (int blank = 0; !key && blank < (int)table->column_count - 2; blank++)
            table_cell(table, NULL);
        row_source(table, listing, line++);
    }
    if (shown_to && shown_to < listing->last)
        row_gap(table);
}

void listing_print(const struct view *view, const struct listing *listing, bool shorten, FILE *out)
{
    struct table table;
    char *title = view_function_text(view, listing->function);
    fputs(terminal_on(STYLE_TITLE), out);
    text_put(out, title, strlen(title), SIZE_MAX);
    fprintf(out, "%s\n", terminal_off(STYLE_TITLE));
    free(title);
    struct table_column columns[COLUMNS_MOST];
    table_start(&table, columns, columns_of(listing, columns));
    for (size_t i = 0; i < listing->count; i++) { /* code of it without a line */
        const struct place *place = &view->frames.places[listing->places[i]];
        if (place->line)
            continue;
        char address[32];
        table_row(&table, STYLE_NONE);
        table_cell(&table, NULL);
        row_figures(&table, &view->lines[listing->places[i]], listing);
        snprintf(address, sizeof address, "at 0x%" PRIx64, place->address);
        table_cell(&table, place->address ? address : "(no line information)");
    }
    rows_of_lines(view, listing, shorten, &table);
    row_total(view, listing, &table);
    table_finish(&table, out, terminal_cut());
    fputc('\n', out);
}

/* ---- %mprun's template ---- */

static void mprun_cell(char *out, size_t bytes, int64_t value, int precision)
{
    char number[TABLE_MIB_BYTES];
    table_mib(number, value, precision);
    snprintf(out, bytes, "%*s", precision + 8, number);
}

static void mprun_row(FILE *out, const char *line, const char *usage, const char *increment,
                      const char *count, const char *text)
{
    fprintf(out, "%6s %12s %12s  %10s   ", line, usage, increment, count);
    text_put(out, text ? text : "", text ? strlen(text) : 0, SIZE_MAX);
    fputc('\n', out);
}

void listing_print_mprun(const struct view *view, const struct listing *listing, int precision,
                         FILE *out)
{
    const struct function *function = &view->frames.functions[listing->function];
    const char *file = frames_file(&view->frames, function);
    if (!file || !listing->last)
        return;
    fputs("Filename: ", out);
    text_put(out, file, strlen(file), SIZE_MAX);
    fputs("\n\n", out);
    mprun_row(out, "Line #", "Mem usage", "Increment", "Occurrences", "Line Contents");
    for (int i = 0; i < 61; i++)
        fputc('=', out);
    fputc('\n', out);
    size_t next = 0;
    for (uint32_t line = listing->first; line && line <= listing->last; line++) {
        char number[16], usage[64] = "", increment[64] = "", count[24] = "";
        const struct place *places = view->frames.places;
        while (next < listing->count && places[listing->places[next]].line < line)
            next++;
        if (!listing->whole && next == listing->count)
            break;
        if (!listing->whole)
            line = places[listing->places[next]].line;
        if (next < listing->count && places[listing->places[next]].line == line) {
            const struct fold_key *key = &view->lines[listing->places[next]];
            mprun_cell(usage, sizeof usage, (int64_t)key->sums.level, precision);
            mprun_cell(increment, sizeof increment, sums_increment(&key->sums), precision);
            snprintf(count, sizeof count, "%" PRIu64,
                     listing->exact ? key->executions : key->sums.allocations);
        }
        snprintf(number, sizeof number, "%" PRIu32, line);
        char *text = listing->source->text ? source_line(listing->source, line) : NULL;
        mprun_row(out, number, usage, increment, count, text);
        free(text);
    }
    fputs("\n\n", out);
}
