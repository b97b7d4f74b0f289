/* SPDX-License-Identifier: MIT */
#include "top/picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "show/curve.h"
#include "show/fit.h"
#include "show/metric.h"
#include "show/name.h"

/* ---- A line under way ---- */

struct pen {
    FILE *out;
    char *text;
    size_t bytes, used, width; /* columns used, and that there are */
};

static void pen_start(struct pen *pen, size_t width)
{
    *pen = (struct pen){.width = width};
    pen->out = open_memstream(&pen->text, &pen->bytes);
    if (!pen->out) {
        base_say("no memory");
        exit(STATUS_BAD);
    }
}

static void pen_put(struct pen *pen, const char *text)
{
    if (pen->used < pen->width)
        pen->used += text_put(pen->out, text, strlen(text), pen->width - pen->used);
}

static void pen_blanks(struct pen *pen, size_t until)
{
    for (; pen->used < until && pen->used < pen->width; pen->used++)
        fputc(' ', pen->out);
}

/* A cell that ends at column `end`. */
static void pen_right(struct pen *pen, const char *text, size_t end)
{
    size_t width = text_width(text, strlen(text));
    pen_blanks(pen, end > width ? end - width : 0);
    pen_put(pen, text);
}

static void pen_finish(struct pen *pen, struct top_picture *picture, enum top_style style)
{
    fclose(pen->out);
    picture->lines[picture->count] = pen->text;
    picture->styles[picture->count++] = style;
}

/* ---- Head ---- */

#define TIME_BYTES 40
static char *text_time(char out[TIME_BYTES], uint64_t ns)
{
    uint64_t s = ns / 1000000000u;
    if (s < 60)
        snprintf(out, TIME_BYTES, "%.1f s", (double)ns / 1e9);
    else if (s < 3600)
        snprintf(out, TIME_BYTES, "%" PRIu64 " m %02" PRIu64 " s", s / 60, s % 60);
    else
        snprintf(out, TIME_BYTES, "%" PRIu64 " h %02" PRIu64 " m", s / 3600, s / 60 % 60);
    return out;
}

static const char *state_of(const struct top_look *look, char out[64])
{
    const struct log_header *h = &look->reading->stacks.log.header;
    if (look->gone)
        return "the log is gone: as it was last";
    if (look->reading->stacks.running)
        return look->frozen ? "frozen" : "runs";
    if (h->end == LOG_END_EXIT && h->exit_status != LOG_NO_STATUS)
        snprintf(out, 64, "ended, status %" PRId32, h->exit_status & 0xff);
    else
        snprintf(out, 64, "ended");
    return out;
}

static void draw_title(struct top_picture *picture, const struct top_look *look, size_t width)
{
    const struct log *log = &look->reading->stacks.log;
    const struct log_sample *last = log->sample_count ? &log->samples[log->sample_count - 1] : NULL;
    char state[64], time[TIME_BYTES], size[TEXT_SIZE_BYTES], text[256];
    /* As it was called: a file may have several names. */
    struct log_text name = log->argv.bytes ? log->argv : log->exe;
    char *program = base_copy(name.bytes ? name.text : "?", name.bytes ? name.bytes : 1);
    struct pen pen;
    pen_start(&pen, width);
    pen_put(&pen, path_base(program));
    free(program);
    snprintf(text, sizeof text, " %" PRId32 "  ", log->header.pid);
    pen_put(&pen, text);
    pen_put(&pen, state_of(look, state));
    if (last) {
        pen_put(&pen, "  ");
        pen_put(&pen, text_time(time, last->time));
    }
    /* as the rows: when the program finished, else now */
    snprintf(text, sizeof text, "   live %s", text_size(size, (int64_t)log->header.live));
    pen_put(&pen, text);
    snprintf(text, sizeof text, "   peak %s", text_size(size, (int64_t)log_peak(log)));
    pen_put(&pen, text);
    if (last && last->resident) {
        snprintf(text, sizeof text, "   resident %s", text_size(size, (int64_t)last->resident));
        pen_put(&pen, text);
    }
    pen_finish(&pen, picture, TOP_TITLE);
}

static void draw_curve(struct top_picture *picture, const struct top_look *look, size_t width,
                       size_t rows)
{
    struct curve curve = curve_make(&look->reading->stacks.log, width, CURVE_LEVEL);
    for (size_t r = 0; r < rows; r++) {
        struct pen pen;
        pen_start(&pen, width);
        for (size_t c = 0; c < curve.width; c++)
            pen_put(&pen, curve_cell(&curve, c, (unsigned)(rows - 1 - r), (unsigned)rows));
        pen_finish(&pen, picture, TOP_CURVE);
    }
    curve_free(&curve);
}

static void draw_tabs(struct top_picture *picture, const struct top_look *look, size_t width)
{
    const struct top_ask *ask = &look->reading->ask;
    char text[256];
    struct pen pen;
    pen_start(&pen, width);
    for (unsigned v = 0; v < TOP_VIEWS; v++) {
        bool present = v == (unsigned)ask->view;
        snprintf(text, sizeof text, "%s%u %s%s ", present ? "[" : " ", v + 1, top_view_name(v),
                 present ? "]" : " ");
        pen_put(&pen, text);
    }
    bool apart = ask->view == TOP_LINES || ask->view == TOP_FUNCTIONS || ask->view == TOP_MODULES;
    snprintf(text, sizeof text, " %s%s%s",
             !apart           ? ""
             : ask->inclusive ? "with all they call"
                              : "own",
             ask->all ? ", libraries too" : "", look->order->reverse ? ", reversed" : "");
    pen_put(&pen, text);
    if (*look->order->filter) {
        pen_put(&pen, "  filter: ");
        pen_put(&pen, look->order->filter);
    }
    pen_finish(&pen, picture, TOP_PLAIN);
}

/* ---- Rows ---- */

/* Where the columns end; 0: there is no room for it. */
struct columns {
    size_t figure, share, change, rate, name;
};

static struct columns columns_of(size_t width)
{
    struct columns c = {.figure = 11};
    size_t at = c.figure;
    c.share = width >= 50 ? at += 7 : 0;
    c.change = width >= 64 ? at += 12 : 0;
    c.rate = width >= 80 ? at += 11 : 0;
    c.name = at + 2;
    return c;
}

static const char *text_change(char out[TEXT_SIZE_BYTES + 1], enum metric metric, int64_t value)
{
    if (!value)
        return "0";
    out[0] = value > 0 ? '+' : '-';
    metric_text(out + 1, metric, value > 0 ? value : -value);
    return out;
}

static void draw_titles(struct top_picture *picture, const struct top_look *look, size_t width)
{
    struct columns c = columns_of(width);
    const struct top_order *order = look->order;
    char text[64], time[TIME_BYTES];
    uint64_t age = history_age(look->history);
    struct pen pen;
    pen_start(&pen, width);
    snprintf(text, sizeof text, "%s%s", order->column == COLUMN_FIGURE ? "*" : "",
             metric_name(look->reading->ask.metric));
    pen_right(&pen, text, c.figure);
    if (c.share)
        pen_right(&pen, "%", c.share);
    snprintf(text, sizeof text, "%s%s%s", order->column == COLUMN_CHANGE ? "*" : "",
             age ? "in " : "change", age ? text_time(time, age) : "");
    if (c.change)
        pen_right(&pen, text, c.change);
    if (c.rate)
        pen_right(&pen, order->column == COLUMN_RATE ? "*allocs/s" : "allocs/s", c.rate);
    pen_blanks(&pen, c.name);
    pen_put(&pen, order->column == COLUMN_NAME ? "*where" : "where");
    pen_blanks(&pen, width);
    pen_finish(&pen, picture, TOP_HEAD);
}

static void draw_name(struct pen *pen, const struct top_look *look, const struct top_shown *shown)
{
    for (unsigned d = 0; d < shown->depth && d < 24; d++)
        pen_put(pen, "  ");
    if (look->reading->ask.view == TOP_TREE)
        pen_put(pen, !shown->parent ? "  " : shown->open ? "- " : "+ ");
    if (pen->used >= pen->width)
        return;
    char *name = fit_name(shown->name, pen->width - pen->used);
    pen_put(pen, name);
    free(name);
    if (pen->width < pen->used + 8)
        return;
    char *source = top_source((struct top_reading *)look->reading, shown->item);
    if (source) {
        pen_put(pen, "   ");
        pen_put(pen, source);
    }
    free(source);
}

static void draw_row(struct top_picture *picture, const struct top_look *look, size_t index,
                     size_t width)
{
    const struct top_shown *shown = &look->list->shown[index];
    enum metric metric = look->reading->ask.metric;
    struct columns c = columns_of(width);
    char text[TEXT_SIZE_BYTES + 1];
    struct pen pen;
    pen_start(&pen, width);
    pen_put(&pen, index == look->selected ? ">" : " ");
    pen_right(&pen, metric_text(text, metric, shown->item->figure), c.figure);
    if (c.share && look->reading->total > 0) {
        snprintf(text, sizeof text, "%.1f",
                 100.0 * (double)shown->item->figure / (double)look->reading->total);
        pen_right(&pen, text, c.share);
    }
    if (c.change && shown->changed)
        pen_right(&pen, text_change(text, metric, shown->change), c.change);
    if (c.rate && shown->rated) {
        snprintf(text, sizeof text, shown->rate < 10 && shown->rate > 0 ? "%.1f" : "%.0f",
                 shown->rate);
        pen_right(&pen, text, c.rate);
    }
    pen_blanks(&pen, c.name);
    draw_name(&pen, look, shown);
    pen_blanks(&pen, width);
    pen_finish(&pen, picture,
               index == look->selected               ? TOP_SELECTED
               : list_has(shown->name, look->search) ? TOP_MATCH
               : !top_listed(shown->item)            ? TOP_FAINT
                                                     : TOP_PLAIN);
}

static void draw_empty(struct top_picture *picture, const char *text, size_t width)
{
    struct pen pen;
    pen_start(&pen, width);
    pen_put(&pen, text);
    pen_finish(&pen, picture, TOP_FAINT);
}

static void draw_rows(struct top_picture *picture, const struct top_look *look, size_t width,
                      size_t room)
{
    for (size_t i = 0; i < room; i++) {
        size_t index = look->first + i;
        if (index < look->list->count)
            draw_row(picture, look, index, width);
        else
            draw_empty(picture,
                       i || look->list->count ? ""
                       : look->list->all      ? "  No row has what the filter asks for."
                                              : "  Nothing has this figure.",
                       width);
    }
}

static void draw_text(struct top_picture *picture, const struct top_look *look, size_t width,
                      size_t room)
{
    for (size_t i = 0; i < room; i++) {
        size_t index = look->text_first + i;
        struct pen pen;
        pen_start(&pen, width);
        if (index < look->text->count)
            pen_put(&pen, look->text->lines[index]);
        pen_finish(&pen, picture,
                   index == look->text->marked ? TOP_SELECTED
                   : !index                    ? TOP_TITLE
                                               : TOP_PLAIN);
    }
}

/* ---- The foot ---- */

static void draw_foot(struct top_picture *picture, const struct top_look *look, size_t width)
{
    static const char rows[] = "q quit  ? keys  1-6 view  m metric  o own  Enter source  / search  "
                               "& filter  < > sort  Space freeze",
                      text[] = "Esc back  j k scroll  e editor  q quit";
    struct pen pen;
    pen_start(&pen, width);
    if (look->prompt)
        pen_put(&pen, look->prompt);
    else if (look->message)
        pen_put(&pen, look->message);
    else
        pen_put(&pen, look->text ? text : rows);
    pen_finish(&pen, picture, look->prompt ? TOP_TITLE : TOP_FAINT);
}

/* ---- All ---- */

#define WIDEST 65536u /* no name is wider */

static size_t curve_rows(size_t height)
{
    return height >= 20 ? 3 : height >= 10 ? 1 : 0;
}

/* Title, curve, tabs, titles of the columns, foot. */
static size_t around(const struct top_look *look, size_t height)
{
    return look->text ? 1 : 4 + curve_rows(height);
}

size_t picture_room(const struct top_look *look, size_t height)
{
    return height > around(look, height) ? height - around(look, height) : 1;
}

size_t picture_row(const struct top_look *look, size_t height, size_t line)
{
    size_t above = around(look, height) - 1, row = look->first + line - above;
    return !look->text && line >= above && line + 1 < height && row < look->list->count ? row
                                                                                        : SIZE_MAX;
}

void picture_make(struct top_picture *picture, const struct top_look *look, size_t width,
                  size_t height)
{
    size_t room = picture_room(look, height), all = room + around(look, height);
    *picture = (struct top_picture){.lines = base_alloc(all, sizeof(char *)),
                                    .styles = base_alloc(all, sizeof(enum top_style))};
    if (look->text) {
        draw_text(picture, look, width, room);
    } else {
        draw_title(picture, look, width);
        draw_curve(picture, look, width, curve_rows(height));
        draw_tabs(picture, look, width);
        draw_titles(picture, look, width);
        draw_rows(picture, look, look->uncut ? WIDEST : width, room);
    }
    draw_foot(picture, look, width);
}

void picture_free(struct top_picture *picture)
{
    for (size_t i = 0; i < picture->count; i++)
        free(picture->lines[i]);
    free(picture->lines);
    free(picture->styles);
    *picture = (struct top_picture){0};
}
