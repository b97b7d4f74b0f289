/* SPDX-License-Identifier: MIT
 *
 * memtrace lines: the line tables alone, of all functions or of those asked for, also in %mprun's
 * template.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "show/lines.h"
#include "show/metric.h"
#include "show/mprun.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "resolve/match.h"
#include "resolve/rules.h"
#include "verbs/verbs.h"

const struct verb_about verb_lines_about = {
    .name = "lines",
    .of = OF_LINES,
    .intro =
        "Line tables of functions. Without -f: of all your own functions that allocated or "
        "released. "
        "With\n--metric they stand in its order, the highest first; without, by file and line.\n",
    .end = "Exit status 1: no function or file in the log is called that.\n",
    .example = "memtrace lines -f mem_test.py:main --mprun memtrace.python3.4711.mt",
};

/* Marks the functions that one name asks for. Of several that are called so, the user's own win. */
static bool choose_name(const struct view *view, const char *name, bool all, unsigned char *wanted)
{
    const struct frames *frames = &view->stacks.frames;
    unsigned char *matches = base_alloc(frames->function_count, 1);
    enum rank best = RANKS;
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        matches[f] =
            row_shows(&view->functions.list[f]) &&
            (match_function(name, frames_file(frames, function), frames_name(frames, function)) ||
             match_name_glob(name, frames_name(frames, function)));
        if (matches[f] && function->rank < best)
            best = function->rank;
    }
    for (size_t f = 0; f < frames->function_count; f++)
        if (matches[f] && (all || frames->functions[f].rank == best))
            wanted[f] = 1;
    free(matches);
    return best != RANKS;
}

/* Marks the functions asked for; false when one of the names is nowhere. */
static bool choose(const struct view *view, const struct options *options, unsigned char *wanted)
{
    enum rank rank = rank_shown(&view->stacks, &view->functions, options->all);
    bool all_found = true;
    for (size_t f = 0; !options->name_count && f < view->stacks.frames.function_count; f++)
        wanted[f] = view->stacks.frames.functions[f].rank <= rank;
    for (size_t n = 0; n < options->name_count; n++) {
        if (choose_name(view, options->names[n], options->all, wanted))
            continue;
        base_say("%s: no function or file is called '%s'%s", view->stacks.log.name,
                 options->names[n],
                 !frames_shims && rules_shim(options->names[n])
                     ? "; it is an allocator shim, which --shims shows"
                     : "");
        all_found = false;
    }
    return all_found;
}

struct sorting {
    const struct view *view;
    enum metric metric; /* METRICS: by file and line alone */
};

static int function_order(const void *a, const void *b, void *context)
{
    const struct sorting *sorting = context;
    const struct view *view = sorting->view;
    const struct function *x = &view->stacks.frames.functions[*(const uint32_t *)a];
    const struct function *y = &view->stacks.frames.functions[*(const uint32_t *)b];
    const char *file = frames_file(&view->stacks.frames, x);
    const char *other = frames_file(&view->stacks.frames, y);
    int order = sorting->metric == METRICS
                    ? 0
                    : row_order(&view->functions.list[*(const uint32_t *)a],
                                &view->functions.list[*(const uint32_t *)b], sorting->metric);
    if (order)
        return order;
    order = strcmp(file ? file : "\377", other ? other : "\377");
    if (order)
        return order;
    if (x->first_line != y->first_line)
        return x->first_line < y->first_line ? -1 : 1;
    return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

/* With --min-share, those functions that have such a share; of the others it is said how many there are. */
static size_t cut_small(const struct view *view, const struct options *options, uint32_t *functions,
                        size_t count)
{
    enum metric metric = options_metric(options, METRIC_PEAK);
    struct row whole = fold_whole(&view->stacks, &options->filter);
    int64_t all = metric_adds(metric) ? row_metric(&whole, metric) : 0, most = 0;
    size_t kept = 0;
    char number[TEXT_COUNT_BYTES], figure[TEXT_SIZE_BYTES];
    for (size_t i = 0; i < count; i++) {
        int64_t value = row_metric(&view->functions.list[functions[i]], metric);
        if (share_reaches(value, all, options_min_share(options, 0)))
            functions[kept++] = functions[i];
        else if (value > most)
            most = value;
    }
    if (kept < count)
        printf("%s function%s left out, none above %s %s.\n\n", text_count(number, count - kept),
               text_s(count - kept), metric_text(figure, metric, most),
               metric_phrase_of(metric, most));
    return kept;
}

static void print_tables(struct view *view, const struct options *options,
                         const unsigned char *wanted)
{
    uint32_t *functions = base_alloc(view->stacks.frames.function_count, sizeof *functions);
    size_t count = 0;
    for (uint32_t f = 0; f < view->stacks.frames.function_count; f++)
        if (wanted[f] && row_shows(&view->functions.list[f]))
            functions[count++] = f;
    view->ranked = options->metric == METRICS ? METRIC_PEAK : options->metric;
    if (!count && !options->name_count)
        options_say_nothing(options);
    count = cut_small(view, options, functions, count);
    struct sorting sorting = {view, options->metric};
    if (count)
        qsort_r(functions, count, sizeof *functions, function_order, &sorting);
    struct listing *listings = listings_make(view, functions, count);
    for (size_t i = 0; i < count; i++) {
        if (options->mprun)
            listing_print_mprun(view, &listings[i], options->precision, stdout);
        else
            listing_print(view, &listings[i], options->all, stdout);
    }
    if (options->mprun)
        listings_say_mprun(view, listings, count, stdout);
    listings_say(view, stdout);
    notes_print(&view->stacks, options->mprun ? NULL : &view->lines, "", stdout);
    listings_free(listings, count);
    free(functions);
}

static int lines_one(const char *file, const struct options *options)
{
    struct view view;
    bool found = true;
    if (view_open(&view, file, options->periods, options->under, &options->filter, false) &&
        stacks_know(&view.stacks, options->metric)) {
        unsigned char *wanted = base_alloc(view.stacks.frames.function_count, 1);
        found = choose(&view, options, wanted);
        if (options->json) {
            struct json json = {.out = stdout};
            json_open(&json, NULL, '{');
            json_cstring(&json, "schema", "memtrace-lines/1");
            json_process(&view.stacks.log, &json);
            notes_json(&view.stacks, &view.lines, &json);
            lines_json(&view, &json, wanted,
                       options->metric == METRICS ? METRIC_RISE : options->metric);
            json_close(&json, '}');
        } else {
            print_tables(&view, options, wanted);
        }
        free(wanted);
    }
    int status = stacks_status(&view.stacks);
    if (status == STATUS_DONE && !found)
        status = STATUS_NO;
    view_close(&view);
    return status;
}

int verb_lines(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_lines_about, argc, argv);
    if (status == STATUS_DONE)
        status = lines_one(options.logs[0], &options);
    options_free(&options);
    return status;
}
