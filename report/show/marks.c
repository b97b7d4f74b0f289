/* SPDX-License-Identifier: MIT */
#include "show/marks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base.h"
#include "show/table.h"

/* The peak of the period that began with mark `i`: told by the next one's, or the header. */
static uint64_t period_peak(const struct log *log, size_t i)
{
    for (size_t k = i + 1; k < log->mark_count; k++)
        if (log->marks[k].period == log->marks[i].period + 1)
            return log->marks[k].peak;
    return log->header.peak;
}

#define MARKS_SHOWN 40u

void marks_print(const struct log *log, FILE *out)
{
    static const struct table_column columns[] = {
        {"  period", 11}, {"after", 11}, {"live then", 9}, {"peak", 9}, {"name", 0}};
    if (!log->mark_count)
        return;
    struct table table;
    fputc('\n', out);
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    size_t first = log->mark_count > MARKS_SHOWN ? log->mark_count - MARKS_SHOWN : 0;
    if (first) {
        table_row(&table, STYLE_FAINT);
        table_cell(&table, "...");
    }
    for (size_t i = first; i < log->mark_count; i++) {
        const struct log_mark *mark = &log->marks[i];
        char text[32];
        table_row(&table, STYLE_NONE);
        snprintf(text, sizeof text, "%" PRIu32, mark->period);
        table_cell(&table, mark->period ? text : "mark");
        snprintf(text, sizeof text, "%.3f s", (double)mark->time / 1e9);
        table_cell(&table, text);
        table_cell_size(&table, (int64_t)mark->level);
        if (mark->period)
            table_cell_size(&table, (int64_t)period_peak(log, i));
        else
            table_cell(&table, NULL);
        char *name = base_copy(mark->name.text, mark->name.bytes);
        table_cell(&table, name);
        free(name);
    }
    table_finish(&table, out, terminal_cut());
}

void marks_json(const struct log *log, struct json *json)
{
    json_open(json, "periods", '[');
    for (size_t i = 0; i < log->mark_count; i++) {
        const struct log_mark *mark = &log->marks[i];
        if (!mark->period)
            continue;
        json_open(json, NULL, '{');
        json_unsigned(json, "period", mark->period);
        json_text(json, "name", mark->name.text, mark->name.bytes);
        json_unsigned(json, "time_ns", mark->time);
        json_unsigned(json, "level_bytes", mark->level);
        json_unsigned(json, "peak_bytes", period_peak(log, i));
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "marks", '[');
    for (size_t i = 0; i < log->mark_count; i++) {
        const struct log_mark *mark = &log->marks[i];
        if (mark->period)
            continue;
        json_open(json, NULL, '{');
        json_text(json, "name", mark->name.text, mark->name.bytes);
        json_unsigned(json, "time_ns", mark->time);
        json_unsigned(json, "level_bytes", mark->level);
        json_close(json, '}');
    }
    json_close(json, ']');
}
