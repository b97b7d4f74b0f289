/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "page/tables.h"
#include "resolve/source_of.h"
#include "show/listing.h"

#define LINE_MOST 400u /* bytes of a line of source */

struct source_line {
    uint32_t function, line;
    char *text;
};
struct sourcing {
    struct view *view;
    const struct naming *names;
    enum page_source what;
    struct source_line *list;
    size_t count, cap, bytes;
};

/* Functions of own code with lines in the list, each once, in its order. To be freed. */
static uint32_t *functions_of(const struct view *view, const struct line_list *lines, size_t *count)
{
    const struct frames *frames = &view->stacks.frames;
    uint32_t *functions = base_alloc(frames->function_count + 1, sizeof *functions);
    unsigned char *seen = base_alloc(frames->function_count + 1, 1);
    *count = 0;
    for (size_t i = 0; i < lines->count; i++) {
        uint32_t f = frames->places[lines->places[i]].function;
        if (seen[f] || frames->functions[f].rank > lines->rank || !frames->functions[f].file)
            continue;
        seen[f] = 1;
        functions[(*count)++] = f;
    }
    free(seen);
    return functions;
}

static void add_line(struct sourcing *s, uint32_t function, uint32_t line)
{
    const struct frames *frames = &s->view->stacks.frames;
    char *text = source_of_line(&s->view->sources, frames, &frames->functions[function], line);
    if (!text)
        return;
    size_t bytes = strlen(text);
    if (bytes > LINE_MOST) {
        for (bytes = LINE_MOST; bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80; bytes--) {
        }
        text[bytes] = 0;
    }
    s->list = base_room(s->list, &s->cap, s->count + 1, sizeof *s->list);
    s->list[s->count++] = (struct source_line){s->names->of_function[function] - 1, line, text};
    s->bytes += bytes + 4;
}

/* The lines to carry of a listing, in ascending order. */
static void add_listing(struct sourcing *s, const struct listing *listing)
{
    const struct frames *frames = &s->view->stacks.frames;
    uint64_t next = listing->first;
    if (s->what == SOURCE_FUNCTIONS && listing->whole) {
        for (uint64_t line = next; line <= listing->last; line++)
            add_line(s, listing->function, (uint32_t)line);
        return;
    }
    uint32_t head = frames->functions[listing->function].first_line;
    if (head && head >= listing->first) { /* its name, so that one sees where one is */
        add_line(s, listing->function, head);
        next = head + (uint64_t)1;
    }
    for (size_t i = 0; i < listing->count; i++) {
        uint64_t line = frames->places[listing->places[i]].line;
        uint64_t from = line > SOURCE_AROUND ? line - SOURCE_AROUND : 1;
        uint64_t to = line + SOURCE_AROUND;
        if (!line)
            continue;
        for (uint64_t k = from > next ? from : next; k <= to; k++)
            if (k == line || (k >= listing->first && k <= listing->last))
                add_line(s, listing->function, (uint32_t)k);
        next = to >= next ? to + 1 : next;
    }
}

static void put(const struct sourcing *s, struct columns *columns)
{
    columns_begin(columns, "source.function");
    for (size_t i = 0; i < s->count; i++)
        columns_number(columns, s->list[i].function);
    columns_begin(columns, "source.line");
    for (size_t i = 0; i < s->count; i++) {
        bool goes_on = i && s->list[i].function == s->list[i - 1].function;
        columns_signed(columns,
                       (int64_t)s->list[i].line - (goes_on ? (int64_t)s->list[i - 1].line : 0));
    }
    columns_begin(columns, "source.text");
    for (size_t i = 0; i < s->count; i++)
        columns_text(columns, s->list[i].text, strlen(s->list[i].text));
}

struct source_told source_columns(struct view *view, const struct line_list *lines,
                                  const struct naming *names, enum page_source what, size_t most,
                                  struct columns *columns)
{
    struct sourcing s = {.view = view, .names = names, .what = what};
    struct source_told told = {0};
    size_t count = 0;
    uint32_t *functions = what == SOURCE_NONE ? NULL : functions_of(view, lines, &count);
    struct listing *listings = listings_make(view, functions, count);
    for (size_t i = 0; i < count; i++) {
        size_t before = s.count;
        if (!listings[i].source || !listings[i].source->text || listings[i].changed)
            continue;
        if (s.bytes < most)
            add_listing(&s, &listings[i]);
        else
            told.left_out++;
        told.functions += s.count > before;
    }
    put(&s, columns);
    for (size_t i = 0; i < s.count; i++)
        free(s.list[i].text);
    free(s.list);
    listings_free(listings, count);
    free(functions);
    return told;
}
