/* SPDX-License-Identifier: MIT */
#include "page/both_columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "page/tree.h"
#include "show/name.h"

/* ---- which lines ---- */

struct ordering {
    const struct both *both;
    unsigned figure;
};

/* By how much a line has changed. */
static double change_of(const struct ordering *o, uint32_t place)
{
    const struct both_rows *rows = &o->both->with_all;
    double old = (double)rows->sums[SIDE_OLD][o->figure][place] / o->both->runs[SIDE_OLD];
    double new = (double)rows->sums[SIDE_NEW][o->figure][place] / o->both->runs[SIDE_NEW];
    return old < new ? new - old : old - new;
}

static int line_order(const void *a, const void *b, void *context)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    double x = change_of(context, p), y = change_of(context, q);
    return x != y ? (x > y ? -1 : 1) : (p > q) - (p < q);
}

/* Has it a figure of any kind? */
static bool acts(const struct both *both, size_t row)
{
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        for (unsigned s = 0; s < SIDES; s++)
            if (both->with_all.sums[s][f][row] || both->own.sums[s][f][row])
                return true;
    return false;
}

void both_lines(const struct both *both, enum metric metric, struct line_list *lines)
{
    size_t count = both->view.stacks.frames.place_count;
    struct ordering ordering = {.both = both};
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        if (page_figures[f] == metric)
            ordering.figure = f;
    *lines = (struct line_list){.rank = both->rank};
    lines->places = base_alloc(count + 1, sizeof *lines->places);
    for (uint32_t p = 0; p < count; p++)
        if (acts(both, p))
            lines->places[lines->count++] = p;
    if (lines->count)
        qsort_r(lines->places, lines->count, sizeof *lines->places, line_order, &ordering);
    if (lines->count > LINES_MOST) {
        lines->left_out = lines->count - LINES_MOST;
        lines->count = LINES_MOST;
    }
}

/* ---- their columns ---- */

#define TITLES(front)                                                                              \
    {                                                                                              \
        front "peak", front "live", front "leaked", front "allocated", front "allocations",        \
            front "released", front "temporary", front "slack"                                     \
    }

static void rows_columns(const struct line_list *lines, const struct both_rows *rows, bool margins,
                         const char *const titles[3][PAGE_FIGURES], struct columns *columns)
{
    for (unsigned f = 0; f < PAGE_FIGURES; f++) {
        const int64_t *lists[3] = {rows->sums[SIDE_NEW][f], rows->sums[SIDE_OLD][f],
                                   rows->margin[f]};
        for (unsigned k = 0; k < (margins ? 3 : 2); k++) {
            columns_begin(columns, titles[k][f]);
            for (size_t i = 0; i < lines->count; i++)
                columns_signed(columns, lists[k][lines->places[i]]);
        }
    }
}

/* ---- what frames were ---- */

static void frames_columns(const struct both *both, const struct naming *names,
                           struct columns *columns)
{
    columns_begin(columns, "frame.was");
    for (uint32_t i = 0; i < names->frame_count; i++)
        columns_number(columns,
                       names->frames[i] < TREE_THREAD ? both->places[names->frames[i]].was : 0);
    columns_begin(columns, "frame.gone");
    for (uint32_t i = 0; i < names->frame_count; i++)
        columns_number(columns,
                       names->frames[i] < TREE_THREAD && both->places[names->frames[i]].gone);
}

/* A line of a text; NULL: it has fewer. */
static const char *line_of(const struct side_text *text, uint32_t line, size_t *bytes)
{
    const char *at = text->text, *end = text->text ? text->text + text->bytes : NULL;
    for (; at && --line; at = at ? at + 1 : NULL)
        at = memchr(at, '\n', (size_t)(end - at));
    if (!at)
        return NULL;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    *bytes = (size_t)((stop ? stop : end) - at);
    return at;
}

#define GONE_MOST 400u /* bytes of a line of source */

static const char *gone_text(const struct both *both, uint32_t place, size_t *bytes)
{
    const struct side *old = &both->sides[SIDE_OLD];
    uint32_t line = both->view.stacks.frames.places[place].line;
    if (!both->places[place].gone || both->places[place].old_file >= old->text_count || !line)
        return NULL;
    const char *text = line_of(&old->texts[both->places[place].old_file], line, bytes);
    if (text && *bytes > GONE_MOST)
        *bytes = GONE_MOST;
    return text;
}

static void gone_columns(const struct both *both, const struct naming *names, bool source,
                         struct columns *columns)
{
    size_t bytes;
    columns_begin(columns, "gone.frame");
    for (uint32_t i = 0; i < names->frame_count && source; i++)
        if (names->frames[i] < TREE_THREAD && gone_text(both, names->frames[i], &bytes))
            columns_number(columns, i);
    columns_begin(columns, "gone.text");
    for (uint32_t i = 0; i < names->frame_count && source; i++) {
        const char *text =
            names->frames[i] < TREE_THREAD ? gone_text(both, names->frames[i], &bytes) : NULL;
        if (text)
            columns_text(columns, text, bytes);
    }
}

/* ---- facts ---- */

static void texts_json(struct json *json, const char *member, const struct together_text *text)
{
    json_open(json, member, '[');
    for (size_t i = 0; i < text->bytes;) {
        size_t length = strnlen(text->text + i, text->bytes - i);
        json_text(json, NULL, text->text + i, length);
        i += length + 1;
    }
    json_close(json, ']');
}

static void side_json(const struct both *both, unsigned s, bool redact, struct json *json)
{
    const struct both_first *first = &both->first[s];
    const struct log *course = &first->course.all;
    const char *log = first->log.text ? first->log.text : "";
    struct together_text none = {0};
    json_open(json, NULL, '{');
    json_unsigned(json, "runs", both->runs[s]);
    json_unsigned(json, "processes", first->processes);
    json_cstring(json, "log", redact ? path_base(log) : log);
    json_text(json, "program", first->exe.text ? first->exe.text : "", first->exe.bytes);
    texts_json(json, "argv", redact ? &none : &first->argv);
    json_signed(json, "pid", first->pid);
    json_unsigned(json, "duration_ns", course->header.end_time);
    json_unsigned(json, "peak_bytes", log_peak(course));
    json_unsigned(json, "peak_time_ns", log_peak_time(course));
    json_open(json, "notes", '[');
    for (size_t i = 0; i < both->sides[s].note_count; i++)
        json_cstring(json, NULL, both->sides[s].notes[i]);
    json_close(json, ']');
    json_close(json, '}');
}

void both_json(const struct both *both, bool redact, struct json *json)
{
    json_open(json, "diff", '{');
    json_open(json, "sides", '[');
    for (unsigned s = 0; s < SIDES; s++)
        side_json(both, s, redact, json);
    json_close(json, ']');
    json_close(json, '}');
}

void both_columns(const struct both *both, const struct line_list *lines,
                  const struct naming *names, enum page_source source, struct columns *columns)
{
    static const char *const own[3][PAGE_FIGURES] = {TITLES("own."), TITLES("old.own."),
                                                     TITLES("margin.own.")};
    static const char *const with_all[3][PAGE_FIGURES] = {TITLES("line."), TITLES("old.line."),
                                                          TITLES("margin.line.")};
    bool margins = both->whole.figures > FIGURES_MARGIN;
    columns_begin(columns, "line.frame");
    for (size_t i = 0; i < lines->count; i++)
        columns_number(columns, names->of_place[lines->places[i]]);
    rows_columns(lines, &both->own, margins, own, columns);
    rows_columns(lines, &both->with_all, margins, with_all, columns);
    frames_columns(both, names, columns);
    gone_columns(both, names, source != SOURCE_NONE, columns);
    for (unsigned s = 0; s < SIDES; s++)
        time_columns(&both->first[s].course.all, s == SIDE_OLD, columns);
}
