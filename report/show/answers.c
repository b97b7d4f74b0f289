/* SPDX-License-Identifier: MIT */
#include "show/answers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "resolve/source_of.h"
#include "show/name.h"
#include "show/row_json.h"
#include "show/summary.h"
#include "show/table.h"

#define WAYS_SHOWN 2u /* callers that are named; of further ones the number is told */

static const struct table_column columns_of[QUESTIONS][4] = {
    [QUESTION_PEAK] = {{"At peak", 10}, {"Share", 7}, {"Allocs", 9}, {"Line", 0}},
    [QUESTION_JUMPED] = {{"Rise", 10}, {"Allocated", 10}, {"Allocs", 9}, {"Line", 0}},
    [QUESTION_KEPT] = {{"Left", 10}, {"Share", 7}, {"Allocs", 9}, {"Line", 0}},
};

/* ---- text ---- */

static void print_title(const struct stacks *stacks, const struct answers *answers,
                        enum question question, FILE *out)
{
    const char *title = question == QUESTION_PEAK     ? "What holds the peak"
                        : question == QUESTION_JUMPED ? "What jumped"
                                                      : "What was never given back";
    fprintf(out, "%s%s%s", terminal_on(STYLE_TITLE), title, terminal_off(STYLE_TITLE));
    if (question == QUESTION_KEPT && answers->kept == METRIC_LIVE)
        fputs(" (live when Python began to finalise)", out);
    else if (question == QUESTION_KEPT && stacks->log.header.end != LOG_END_EXIT &&
             stacks->log.header.origin == LOG_OF_PROCESS)
        fprintf(out, " (%s)", summary_left(stacks));
    fputc('\n', out);
}

static void cell_share(struct table *table, int64_t part, int64_t whole)
{
    char share[32];
    snprintf(share, sizeof share, "%.1f %%", 100.0 * (double)part / (double)whole);
    table_cell(table, whole > 0 ? share : NULL);
}

static void row_part(struct table *table, const struct answer *answer, enum question question,
                     const struct answer_part *part, const char *text)
{
    if (question == QUESTION_JUMPED) {
        table_cell(table, NULL);
        table_cell_size(table, (int64_t)part->allocated);
    } else {
        table_cell_size(table, part->bytes);
        cell_share(table, part->bytes, answer->total.bytes);
    }
    table_cell_count(table, part->allocations);
    table_cell(table, text);
}

/* Below a row, under its line. */
static void row_remark(struct table *table, const char *text)
{
    table_row(table, STYLE_FAINT);
    for (int blank = 0; blank < 3; blank++)
        table_cell(table, NULL);
    table_cell(table, text);
}

static void row_ways(struct table *table, const struct frames *frames,
                     const struct answer_line *line)
{
    char *text = base_copy("  by way of ", strlen("  by way of "));
    for (unsigned i = 0; i < line->way_count && i < WAYS_SHOWN; i++) {
        char *name = name_of_place(frames, line->ways[i]), *longer;
        if (asprintf(&longer, "%s%s%s", text, i ? " < " : "", name) >= 0) {
            free(text);
            text = longer;
        }
        free(name);
    }
    char more[48] = "", number[TEXT_COUNT_BYTES];
    if (line->way_count > WAYS_SHOWN)
        snprintf(more, sizeof more, " < %s more", text_count(number, line->way_count - WAYS_SHOWN));
    size_t length = strlen(text);
    char *whole = base_alloc(length + sizeof more, 1);
    memcpy(whole, text, length);
    memcpy(whole + length, more, strlen(more));
    row_remark(table, whole);
    free(whole);
    free(text);
}

static void row_line(struct table *table, const struct frames *frames, const struct answer *answer,
                     enum question question, const struct answer_line *line)
{
    table_row(table, STYLE_NONE);
    if (question == QUESTION_JUMPED) {
        table_cell_rise(table, (uint64_t)line->bytes, line->most);
        table_cell_size(table, (int64_t)line->allocated);
    } else {
        table_cell_size(table, line->bytes);
        cell_share(table, line->bytes, answer->total.bytes);
    }
    table_cell_count(table, line->allocations);
    char *name = name_of_place(frames, line->place);
    table_cell(table, name);
    free(name);
    if (line->together)
        row_remark(table, "  by several lines that it calls");
    if (line->way_count)
        row_ways(table, frames, line);
}

static bool part_is_there(const struct answer_part *part)
{
    return part->bytes || part->allocated || part->allocations;
}

static void print_answer(const struct stacks *stacks, const struct answers *answers,
                         enum question question, FILE *out)
{
    const struct answer *answer = &answers->of[question];
    struct table table;
    print_title(stacks, answers, question, out);
    if (question == QUESTION_JUMPED && stacks->log.header.origin == LOG_IMPORTED) {
        fputs("  not known\n\n", out);
        return;
    }
    if (question != QUESTION_JUMPED && answer->total.bytes <= 0) {
        fputs("  nothing\n\n", out);
        return;
    }
    table_start(&table, columns_of[question], 4);
    table.names = true;
    for (size_t i = 0; i < answer->count; i++)
        row_line(&table, &stacks->frames, answer, question, &answer->lines[i]);
    if (answer->others.lines) {
        char text[48], number[TEXT_COUNT_BYTES];
        snprintf(text, sizeof text, "%s other line%s", text_count(number, answer->others.lines),
                 text_s(answer->others.lines));
        table_row(&table, STYLE_NONE);
        row_part(&table, answer, question, &answer->others, text);
    }
    if (part_is_there(&answer->runtimes)) {
        table_row(&table, STYLE_NONE);
        row_part(&table, answer, question, &answer->runtimes, NAME_NOT_YOURS);
    }
    if (part_is_there(&answer->unknown)) {
        table_row(&table, STYLE_NONE);
        row_part(&table, answer, question, &answer->unknown, NAME_NOT_KNOWN);
    }
    table_row(&table, STYLE_TITLE);
    row_part(&table, answer, question, &answer->total, "total");
    table_finish(&table, out, terminal_cut());
    fputc('\n', out);
}

void answers_print(const struct stacks *stacks, const struct answers *answers, FILE *out)
{
    for (enum question q = 0; q < QUESTIONS; q++)
        print_answer(stacks, answers, q, out);
}

/* ---- JSON ---- */

static void json_part(struct json *json, const char *key, enum question question,
                      const struct answer_part *part, bool lines)
{
    json_open(json, key, '{');
    if (lines)
        json_unsigned(json, "lines", part->lines);
    if (question != QUESTION_JUMPED)
        json_signed(json, "bytes", part->bytes);
    json_unsigned(json, "allocated_bytes", part->allocated);
    json_unsigned(json, "allocations", part->allocations);
    json_close(json, '}');
}

static void json_line(struct view *view, enum question question, const struct answer_line *line,
                      struct json *json)
{
    const struct frames *frames = &view->stacks.frames;
    const struct place *place = &frames->places[line->place];
    json_open(json, NULL, '{');
    json_place(frames, json, line->place);
    char *text =
        source_of_line(&view->sources, frames, &frames->functions[place->function], place->line);
    json_cstring(json, "source", text);
    free(text);
    json_signed(json, "bytes", line->bytes);
    if (question == QUESTION_JUMPED) {
        json_bool(json, "at_least", line->most != 0);
        json_bool(json, "together", line->together);
    }
    json_unsigned(json, "allocated_bytes", line->allocated);
    json_unsigned(json, "allocations", line->allocations);
    json_open(json, "by_way_of", '[');
    for (unsigned i = 0; i < line->way_count; i++) {
        json_open(json, NULL, '{');
        json_place(frames, json, line->ways[i]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

void answers_json(struct view *view, const struct answers *answers, struct json *json)
{
    static const char *const names[QUESTIONS] = {[QUESTION_PEAK] = "peak",
                                                 [QUESTION_JUMPED] = "jumped",
                                                 [QUESTION_KEPT] = "never_given_back"};
    json_open(json, "questions", '{');
    for (enum question q = 0; q < QUESTIONS; q++) {
        const struct answer *answer = &answers->of[q];
        const char *figure = q == QUESTION_PEAK     ? "peak"
                             : q == QUESTION_JUMPED ? "rise"
                                                    : metric_name(answers->kept);
        json_open(json, names[q], '{');
        json_cstring(json, "figure", figure);
        json_open(json, "lines", '[');
        for (size_t i = 0; i < answer->count; i++)
            json_line(view, q, &answer->lines[i], json);
        json_close(json, ']');
        json_part(json, "others", q, &answer->others, true);
        json_part(json, "runtimes", q, &answer->runtimes, false);
        json_part(json, "unknown", q, &answer->unknown, false);
        json_part(json, "total", q, &answer->total, false);
        json_close(json, '}');
    }
    json_close(json, '}');
}
