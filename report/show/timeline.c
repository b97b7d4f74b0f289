/* SPDX-License-Identifier: MIT */
#include "show/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "show/curve.h"
#include "show/marks.h"
#include "show/terminal.h"

#define LABEL_COLUMNS 10u /* of the axis' numbers */
#define COLUMNS_MOST  400u
#define COLUMNS_LEAST 10u
#define LEVEL_ROWS    10u
#define RESIDENT_ROWS 5u
#define PARTS_SHOWN   20u /* processes */

/* ---- the curve ---- */

static void curve_print(const struct curve *curve, const char *title, unsigned rows, FILE *out)
{
    char label[TEXT_SIZE_BYTES];
    fprintf(out, "%s%s%s, at most %s\n", terminal_on(STYLE_TITLE), title, terminal_off(STYLE_TITLE),
            text_size(label, (int64_t)curve->most));
    for (unsigned row = rows; row-- > 0;) {
        /* A damaged log's may be as high as can be. */
        double height = (double)curve->most / rows * (row + 1);
        int64_t edge = height < (double)INT64_MAX ? (int64_t)height : INT64_MAX;
        bool labelled = row + 1 == rows || (rows > RESIDENT_ROWS && row + 1 == rows / 2);
        size_t used = 0;
        fprintf(out, "%*s |", (int)LABEL_COLUMNS, labelled ? text_size(label, edge) : "");
        for (size_t column = 0; column < curve->width; column++)
            if (curve_cell(curve, column, row, rows)[0] != ' ')
                used = column + 1;
        for (size_t column = 0; column < used; column++)
            fputs(curve_cell(curve, column, row, rows), out);
        fputc('\n', out);
    }
}

/* ---- below it ---- */

static void print_axis(size_t width, uint64_t end, FILE *out)
{
    char first[] = "0 s", last[32];
    int length = snprintf(last, sizeof last, "%.3f s", (double)end / 1e9);
    fprintf(out, "%*s +", (int)LABEL_COLUMNS, "0 B");
    for (size_t i = 0; i < width; i++)
        fputc('-', out);
    fprintf(out, "\n%*s%s%*s\n", (int)LABEL_COLUMNS + 2, "", first,
            (int)(width > sizeof first - 1 + (size_t)length ? width - (sizeof first - 1)
                                                            : (size_t)length + 1),
            last);
}

/* Marks as |, the beginnings of periods as their numbers' last digit, the peak as ^. */
static void print_events(const struct log *log, const struct curve *curve, uint64_t end, FILE *out)
{
    char *line = base_alloc(curve->width + 1, 1);
    memset(line, ' ', curve->width);
    for (size_t i = 0; i < log->mark_count; i++) {
        const struct log_mark *mark = &log->marks[i];
        line[curve_column(curve, mark->time, end)] =
            mark->period ? (char)('0' + mark->period % 10) : '|';
    }
    if (log_peak(log))
        line[curve_column(curve, log_peak_time(log), end)] = '^';
    size_t length = curve->width;
    while (length && line[length - 1] == ' ')
        line[--length] = 0;
    if (length)
        fprintf(out, "%*s%s\n", (int)LABEL_COLUMNS + 2, "", line);
    free(line);
}

static size_t curve_width(void)
{
    size_t width = terminal_width() - LABEL_COLUMNS - 3;
    return width > COLUMNS_MOST ? COLUMNS_MOST : width < COLUMNS_LEAST ? COLUMNS_LEAST : width;
}

/* Two curves. False: there is nothing to draw, and that is said. */
static bool print_curves(const struct log *log, FILE *out)
{
    size_t width = curve_width();
    uint64_t end = log_ends(log);
    struct curve level = curve_make(log, width, CURVE_LEVEL),
                 resident = curve_make(log, width, CURVE_RESIDENT);
    bool any = level.most != 0;
    if (!any) {
        fputs("No allocation or release is in the log.\n", out);
    } else {
        curve_print(&level, "Level", LEVEL_ROWS, out);
        print_axis(width, end, out);
        print_events(log, &level, end, out);
        if (resident.most) {
            curve_print(&resident, "Resident set", RESIDENT_ROWS, out);
            print_axis(width, end, out);
        }
    }
    curve_free(&level);
    curve_free(&resident);
    return any;
}

static void print_peak(const struct log *log, const char *what, FILE *out)
{
    char peak[TEXT_SIZE_BYTES];
    fprintf(out, "^ %s: %s", what, text_total(peak, (int64_t)log_peak(log)));
    if (log_peak_time(log))
        fprintf(out, ", by %.3f s", (double)log_peak_time(log) / 1e9);
}

void timeline_print(const struct log *log, FILE *out)
{
    if (!print_curves(log, out))
        return;
    print_peak(log, "peak", out);
    fputs(log->mark_count ? "; digits: periods; | marks\n" : "\n", out);
    marks_print(log, out);
}

/* ---- a family ---- */

static int part_order(const void *a, const void *b, void *context)
{
    const struct course *course = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    uint64_t p = course->parts[x].log.header.peak, q = course->parts[y].log.header.peak;
    return p != q ? (p > q ? -1 : 1) : (x > y) - (x < y);
}

/* A row of the height of one for each of the processes with the highest peaks, below the axis of the curves. */
static void print_parts(const struct course *course, FILE *out)
{
    size_t *order = base_alloc(course->count + 1, sizeof *order), width = curve_width();
    for (size_t i = 0; i < course->count; i++)
        order[i] = i;
    qsort_r(order, course->count, sizeof *order, part_order, (void *)course);
    fprintf(out, "\n%sEach process%s, as high as its own peak\n", terminal_on(STYLE_TITLE),
            terminal_off(STYLE_TITLE));
    for (size_t i = 0; i < course->count && i < PARTS_SHOWN; i++) {
        const struct log *log = &course->parts[order[i]].log;
        struct curve curve = curve_make(log, width, CURVE_LEVEL);
        char peak[TEXT_SIZE_BYTES];
        size_t used = width;
        while (used && !curve.value[used - 1])
            used--;
        char pid[32] = ""; /* merged and imported logs may be of none */
        if (log->header.pid)
            snprintf(pid, sizeof pid, "%" PRId32, log->header.pid);
        fprintf(out, "%*s |", (int)LABEL_COLUMNS, pid);
        for (size_t column = 0; column < used; column++)
            fputs(curve_cell(&curve, column, 0, 1), out);
        fprintf(out, " %s\n", text_size(peak, (int64_t)log->header.peak));
        curve_free(&curve);
    }
    if (course->count > PARTS_SHOWN)
        fprintf(out, "%zu more; --process PID shows one\n", course->count - PARTS_SHOWN);
    free(order);
}

void timeline_print_course(const struct course *course, FILE *out)
{
    const struct log *log = &course->all;
    if (!print_curves(log, out))
        return;
    print_peak(log, "highest", out);
    fputs(log->mark_count ? "; | marks and periods of a process\n" : "\n", out);
    print_parts(course, out);
    marks_print(log, out);
    fputs(
        "note: the sum of the processes at the samples of each; what they did between two samples "
        "may not be in it\n",
        out);
}

/* ---- for machines ---- */

struct event {
    const char *kind;
    uint64_t time, level, most, resident;
    bool sample;
    struct log_text name;
};

static int event_order(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->sample != y->sample ? (x->sample ? 1 : -1) : strcmp(x->kind, y->kind);
}

static struct event *events_of(const struct log *log, size_t *count)
{
    struct event *list = base_alloc(log->sample_count + log->mark_count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < log->sample_count; i++) {
        const struct log_sample *s = &log->samples[i];
        list[(*count)++] = (struct event){.kind = "sample",
                                          .time = s->time,
                                          .level = s->level,
                                          .most = s->level_max,
                                          .resident = s->resident,
                                          .sample = true};
    }
    for (size_t i = 0; i < log->mark_count; i++) {
        const struct log_mark *m = &log->marks[i];
        list[(*count)++] = (struct event){.kind = m->period ? "period" : "mark",
                                          .time = m->time,
                                          .level = m->level,
                                          .name = m->name};
    }
    if (log_peak(log))
        list[(*count)++] =
            (struct event){.kind = "peak", .time = log_peak_time(log), .level = log_peak(log)};
    qsort(list, *count, sizeof *list, event_order);
    return list;
}

/* Quoted; control characters and broken UTF-8 become ?, and a quote mark is put before what a spreadsheet would take for a formula. */
static void csv_text(struct log_text text, FILE *out)
{
    fputc('"', out);
    if (text.bytes && strchr("=+-@\t\r", text.text[0]))
        fputc('\'', out);
    for (uint32_t i = 0; i < text.bytes;) {
        uint32_t code = 0;
        size_t length = text_decode(text.text + i, text.bytes - i, &code);
        if (!length || text_harmful(code))
            fputc('?', out);
        else if (code == '"')
            fputs("\"\"", out);
        else
            fwrite(text.text + i, 1, length, out);
        i += length ? (uint32_t)length : 1;
    }
    fputc('"', out);
}

void timeline_csv(const struct log *log, FILE *out)
{
    size_t count;
    struct event *list = events_of(log, &count);
    fputs("kind,time_ns,level_bytes,level_max_bytes,resident_bytes,name\n", out);
    for (size_t i = 0; i < count; i++) {
        const struct event *e = &list[i];
        fprintf(out, "%s,%" PRIu64 ",%" PRIu64 ",", e->kind, e->time, e->level);
        if (e->sample)
            fprintf(out, "%" PRIu64 ",%" PRIu64 ",", e->most, e->resident);
        else
            fputs(",,", out);
        if (e->name.bytes)
            csv_text(e->name, out);
        fputc('\n', out);
    }
    free(list);
}

void timeline_json(const struct log *log, struct json *json)
{
    json_unsigned(json, "duration_ns", log_ends(log));
    json_unsigned(json, "peak_bytes", log_peak(log));
    json_unsigned(json, "peak_time_ns", log_peak_time(log));
    json_open(json, "samples", '[');
    for (size_t i = 0; i < log->sample_count; i++) {
        const struct log_sample *sample = &log->samples[i];
        json_open(json, NULL, '{');
        json_unsigned(json, "time_ns", sample->time);
        json_unsigned(json, "level_bytes", sample->level);
        json_unsigned(json, "level_max_bytes", sample->level_max);
        json_unsigned(json, "resident_bytes", sample->resident);
        json_close(json, '}');
    }
    json_close(json, ']');
    marks_json(log, json);
}
