/* SPDX-License-Identifier: MIT */
#include "show/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/source_of.h"

/* Functions are shown whole up to this many lines, more than any has; but a damaged log must not have us print line
 * numbers for hours. */
#define WHOLE_LINES      50000u   /* of a function whose text is there */
#define WHOLE_TEXTLESS   200u     /* of another one */
#define WHOLE_LINES_VIEW 1000000u /* of all functions together */
/* Lines of source that are read in search of functions' ends, which a log can make one long function for all of. */
#define SEARCHED_LINES 5000000u

static int place_order(const struct view *view, uint32_t a, uint32_t b)
{
    const struct place *x = &view->stacks.frames.places[a], *y = &view->stacks.frames.places[b];
    if (x->function != y->function)
        return x->function < y->function ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return a < b ? -1 : a > b;
}

struct sorting {
    const struct view *view;
    enum metric metric;
};

static int metric_order(const void *a, const void *b, void *context)
{
    const struct sorting *sorting = context;
    const struct view *view = sorting->view;
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    const struct row *x = &view->lines.list[p], *y = &view->lines.list[q];
    int order = row_order(x, y, sorting->metric);
    if (order)
        return order;
    return place_order(view, p, q);
}

uint32_t *lines_by(const struct view *view, enum metric metric, enum rank rank, size_t *count)
{
    const struct frames *frames = &view->stacks.frames;
    uint32_t *list = base_alloc(frames->place_count, sizeof *list);
    *count = 0;
    for (uint32_t p = 0; p < frames->place_count; p++)
        if (row_acted(&view->lines.list[p]) &&
            frames->functions[frames->places[p].function].rank <= rank)
            list[(*count)++] = p;
    struct sorting sorting = {view, metric};
    qsort_r(list, *count, sizeof *list, metric_order, &sorting);
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
    const struct function *function = &view->stacks.frames.functions[listing->function];
    const char *file = frames_file(&view->stacks.frames, function);
    uint32_t low = UINT32_MAX, high = 0;
    for (size_t i = 0; i < listing->count; i++) {
        uint32_t line = view->stacks.frames.places[listing->places[i]].line;
        if (line && line < low)
            low = line;
        if (line > high)
            high = line;
        if (view->lines.list[listing->places[i]].rise > listing->most)
            listing->most = view->lines.list[listing->places[i]].rise;
    }
    if (!file || !high)
        return;
    listing->source = source_of(&view->sources, &view->stacks.frames, function);
    listing->changed = source_of_changed(&view->sources, &view->stacks.frames, function);
    bool text = listing->source && listing->source->text;
    const char *name = frames_name(&view->stacks.frames, function);
    bool python = !strcmp(function->language, "Python");
    const char *dot = name ? strrchr(name, '.') : NULL;
    bool named = name && (dot ? dot[1] : name[0]) != '<'; /* not <module>, <lambda>, ... */
    uint32_t first = function->first_line, last = function->last_line;
    if (python && name && !strcmp(name, "<module>"))
        first = 0; /* all of the file: too much */
    if (python && named && first && text && view->searched < SEARCHED_LINES) {
        last = source_python_end(listing->source, first);
        uint32_t there = listing->source->line_count; /* the most that was looked at */
        view->searched += last                            ? last - first + (uint64_t)1
                          : there < SOURCE_FUNCTION_LINES ? there
                                                          : SOURCE_FUNCTION_LINES;
    }
    listing->first = first && first <= low ? first : low > 2 ? low - 2 : 1;
    listing->last = last >= high ? last : high > UINT32_MAX - 2 || python ? high : high + 2;
    if (text && listing->last > listing->source->line_count)
        listing->last = listing->source->line_count > high ? listing->source->line_count : high;
    uint64_t lines = listing->last - listing->first + (uint64_t)1;
    bool there = text && listing->last <= listing->source->line_count;
    listing->whole = lines <= (there ? WHOLE_LINES : WHOLE_TEXTLESS) &&
                     lines <= WHOLE_LINES_VIEW - view->blank_lines;
    view->blank_lines += listing->whole ? lines : 0;
}

struct listing *listings_make(struct view *view, const uint32_t *functions, size_t count)
{
    const struct frames *frames = &view->stacks.frames;
    struct listing *listings = base_alloc(count, sizeof *listings);
    uint32_t *listing_of = base_alloc(frames->function_count, sizeof *listing_of);
    size_t *caps = base_alloc(count, sizeof *caps);
    for (size_t i = 0; i < count; i++) {
        listings[i].function = functions[i];
        listings[i].exact = view->functions.list[functions[i]].exact;
        listings[i].discards = view->functions.list[functions[i]].sums.discards != 0;
        listing_of[functions[i]] = (uint32_t)i + 1;
    }
    for (uint32_t p = 0; p < frames->place_count; p++) {
        uint32_t index = listing_of[frames->places[p].function];
        if (!index || !row_shows(&view->lines.list[p]))
            continue;
        struct listing *listing = &listings[index - 1];
        if (frames->places[p].line == PLACE_RETURNS) {
            listing->returns = &view->lines.list[p];
            continue;
        }
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
