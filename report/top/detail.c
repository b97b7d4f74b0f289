/* SPDX-License-Identifier: MIT */
#include "top/detail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/own.h"
#include "resolve/source_map.h"
#include "resolve/source_of.h"
#include "show/metric.h"
#include "show/name.h"

#define STACKS_SHOWN 3u
#define FRAMES_SHOWN 60u
#define SOURCE_ROUND 6u /* lines of source before and after */

void top_text_add(struct top_text *text, const char *format, ...)
{
    va_list args;
    char *line = NULL;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0)
        line = base_copy("", 0);
    va_end(args);
    text->lines = base_room(text->lines, &text->cap, text->count + 1, sizeof *text->lines);
    text->lines[text->count++] = line;
}

void top_text_free(struct top_text *text)
{
    for (size_t i = 0; i < text->count; i++)
        free(text->lines[i]);
    free(text->lines);
    free(text->file);
    *text = (struct top_text){0};
}

static void add_amount(struct top_text *text, const char *what, int64_t bytes, uint64_t count,
                       const char *noun)
{
    char size[TEXT_SIZE_BYTES], number[TEXT_COUNT_BYTES];
    if (noun)
        top_text_add(text, "  %-14s %12s  in %s %s%s", what, text_size(size, bytes),
                     text_count(number, count), noun, text_s(count));
    else
        top_text_add(text, "  %-14s %12s", what, text_size(size, bytes));
}

static void add_figures(struct top_text *text, const struct row *row)
{
    const struct sums *sums = &row->sums;
    add_amount(text, "live", row_metric(row, METRIC_LIVE), sums->allocations - sums->gone_count,
               "block");
    add_amount(text, "held at peak", row_metric(row, METRIC_PEAK), 0, NULL);
    add_amount(text, "allocated", row_metric(row, METRIC_ALLOCATED), sums->allocations,
               "allocation");
    add_amount(text, "released here", row_metric(row, METRIC_RELEASED), sums->releases, "release");
}

/* ---- Source ---- */

/* An editor would begin a new file of a name that is none, such as <string>, and of one that is not here. */
static char *file_here(const struct sources *sources, const char *file)
{
    char *now = source_now(sources->folder, file);
    if (access(now, R_OK)) {
        free(now);
        now = NULL;
    }
    return now;
}

static void add_source(struct top_text *text, struct top_reading *reading, uint32_t place)
{
    const struct frames *frames = &reading->stacks.frames;
    const struct place *p = &frames->places[place];
    const struct function *f = &frames->functions[p->function];
    if (!p->line || p->line == PLACE_RETURNS)
        return;
    const char *file = frames_file(frames, f);
    text->line = p->line;
    text->file = file ? file_here(&reading->sources, file) : NULL;
    uint32_t first = p->line > SOURCE_ROUND ? p->line - SOURCE_ROUND : 1;
    bool any = false;
    for (uint32_t n = first; n <= p->line + SOURCE_ROUND; n++) {
        char *line = source_of_line(&reading->sources, frames, f, n);
        if (!line)
            continue;
        if (!any) {
            top_text_add(text, "%s", "");
            top_text_add(text, "%s", file ? file : "source");
        }
        any = true;
        if (n == p->line)
            text->marked = text->count;
        top_text_add(text, "%c %6u  %s", n == p->line ? '>' : ' ', n, line);
        free(line);
    }
}

/* ---- Stacks ---- */

struct most {
    uint32_t node;
    int64_t figure;
};

/* Does what happened at the end of this stack count for the row? As fold does it for own figures; inclusive ones may take more. */
static bool is_of(const struct top_reading *reading, const struct top_item *item, uint32_t node,
                  enum rank rank, const unsigned char *ranks)
{
    const struct frames *frames = &reading->stacks.frames;
    uint32_t place = stack_innermost(&reading->stacks, node, rank, ranks);
    if (item->row == TOP_REST)
        return node && place == UINT32_MAX;
    if (place == UINT32_MAX)
        return false;
    uint32_t key = reading->rows.list[item->row].key;
    return reading->ask.view == TOP_LINES ? place == key : frames->places[place].function == key;
}

static void keep_most(struct most most[STACKS_SHOWN], struct most one)
{
    for (unsigned i = 0; i < STACKS_SHOWN; i++)
        if (one.figure > most[i].figure) {
            struct most moved = most[i];
            most[i] = one;
            one = moved;
        }
}

static void add_stack(struct top_text *text, const struct stacks *stacks, uint32_t node)
{
    struct stack stack = stack_of(stacks, node);
    unsigned frames = 0;
    for (uint32_t place; frames < FRAMES_SHOWN && stack_next(&stack, &place); frames++) {
        char *name = name_of_place(&stacks->frames, place);
        top_text_add(text, "    %s", name);
        free(name);
    }
    if (frames == FRAMES_SHOWN)
        top_text_add(text, "    ... more frames further out");
}

static void add_stacks(struct top_text *text, const struct top_reading *reading,
                       const struct top_item *item)
{
    enum rank rank = reading->ask.all ? RANK_LIBRARY : RANK_PROGRAM;
    unsigned char *ranks = own_ranks(&reading->stacks.frames);
    struct most most[STACKS_SHOWN] = {{0, 0}};
    struct leaf leaf;
    char size[TEXT_SIZE_BYTES];
    for (size_t at = 0; stacks_next(&reading->stacks, &at, &leaf);) {
        struct row row = {.sums = leaf.sums};
        struct most one = {leaf.node, row_metric(&row, reading->ask.metric)};
        if (class_counts(leaf.class) && one.figure > most[STACKS_SHOWN - 1].figure &&
            is_of(reading, item, leaf.node, rank, ranks))
            keep_most(most, one);
    }
    free(ranks);
    for (unsigned i = 0; i < STACKS_SHOWN && most[i].figure; i++) {
        top_text_add(text, "%s", "");
        top_text_add(text, "%s %s by this stack, innermost first",
                     metric_text(size, reading->ask.metric, most[i].figure),
                     metric_name(reading->ask.metric));
        add_stack(text, &reading->stacks, most[i].node);
    }
}

/* The one stack that a call site or a node of the tree is. */
static void add_path(struct top_text *text, const struct top_reading *reading, uint32_t entry)
{
    const struct tree *tree = &reading->rows.tree;
    unsigned frames = 0;
    top_text_add(text, "%s", "");
    top_text_add(text, "its stack, innermost first");
    for (; entry && frames < FRAMES_SHOWN; entry = tree->parent[entry]) {
        if (tree->key[entry] >= TREE_THREAD)
            continue;
        char *name = name_of_place(&reading->stacks.frames, tree->key[entry]);
        top_text_add(text, "    %s", name);
        free(name);
        frames++;
    }
    if (entry)
        top_text_add(text, "    ... more frames further out");
}

void detail_make(struct top_text *text, struct top_reading *reading, const struct top_item *item)
{
    *text = (struct top_text){.marked = SIZE_MAX};
    const struct row *row = top_row(reading, item);
    char *name = top_name(reading, item);
    top_text_add(text, "%s", name);
    free(name);
    top_text_add(text, "%s", "");
    add_figures(text, row);
    uint32_t place = top_place(reading, item);
    if (place != UINT32_MAX)
        add_source(text, reading, place);
    if (item->row != TOP_UNKNOWN &&
        (reading->ask.view == TOP_LINES || reading->ask.view == TOP_FUNCTIONS))
        add_stacks(text, reading, item);
    else if (reading->ask.view == TOP_SITES || reading->ask.view == TOP_TREE)
        add_path(text, reading, row->key);
}
