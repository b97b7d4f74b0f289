/* SPDX-License-Identifier: MIT
 *
 * memtrace report: the summary, the lines that hold the peak, that jumped, that never gave back, the source of their functions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/fold.h"
#include "show/answers.h"
#include "show/beside.h"
#include "show/by.h"
#include "show/family.h"
#include "show/lines.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/summary.h"
#include "show/table.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_report_about = {
    .name = "report",
    .of = OF_REPORT,
    .several = true,
    .intro = "Summary of the process; which lines hold the peak, which jumped, and which took what "
             "was never given\n"
             "back, five of each; then the annotated source of the functions that these lines are "
             "in. Of several\n"
             "logs first the tree of the processes, with sums.\n\n"
             "A line is blamed for what it allocated itself or by way of libraries, not for what "
             "its calls of your\n"
             "own code did. Each list adds up to its total; rises don't.\n\n"
             "With --metric there is one list instead, of ten lines with all that they call; with "
             "--by a table by\n"
             "another key, where each row has its figure with all that it calls, and its own; of "
             "several logs a row has\n"
             "what all processes did, without rises, and with --each each process has its table.\n",
    .end = "  Mem usage  bytes live in the process after the line's last event\n"
           "  Increment  allocated minus released while the line ran\n"
           "  Rise       highest that memory stood above where it was when the line's run\n"
           "             began; calls in a loop with no other event of the thread between\n"
           "             them are one run\n"
           "  Live       allocated by the line and not released when the program finished\n"
           "  At peak    allocated by the line and live at the peak\n"
           "  Left       allocated by the line and not released after all destructors\n"
           "  Resident   growth of the resident set seen while the line ran\n"
           "  Discarded  bytes given back to the system by madvise, still mapped (only where\n"
           "             there were some)\n"
           "  Allocs     number of allocations\n",
    .example = "memtrace report memtrace.python3.4711.mt",
};

#define TOP_ANSWERS 5u
#define TOP_SORTED  10u
#define TOP_BY      20u

/* Lines that are not among the first `count`: inclusive figures don't add up, so only the highest is told. */
static void print_rest(const struct view *view, enum metric metric, const uint32_t *list,
                       size_t count, size_t all)
{
    char number[TEXT_COUNT_BYTES], figure[TEXT_SIZE_BYTES];
    if (count == all)
        return;
    printf("%s other line%s, none above %s.\n", text_count(number, all - count),
           text_s(all - count),
           metric_text(figure, metric, row_metric(&view->lines.list[list[count]], metric)));
}

static void print_sorted(const struct view *view, enum metric metric, const uint32_t *list,
                         size_t count, size_t all)
{
    /* The first one is only there where none of the others has the figure. */
    const struct table_column columns[] = {
        {metric_title(metric), 9}, {"Rise", 10},     {"At peak", 9}, {"Live", 9}, {"Left", 9},
        {"Increment", 9},          {"Allocated", 9}, {"Allocs", 8},  {"Line", 0}};
    static const unsigned char spare[] = {0, 0, 0, 0, 1, 2, 0, 3, 0};
    size_t all_columns = sizeof columns / sizeof columns[0],
           first = table_titled(columns + 1, all_columns - 1, columns[0].title);
    struct table table;
    printf("%sLines by %s%s\n", terminal_on(STYLE_TITLE), metric_name(metric),
           terminal_off(STYLE_TITLE));
    table_start(&table, columns + first, all_columns - first);
    table.spare = spare + first;
    table.names = true;
    for (size_t i = 0; i < count; i++) {
        const struct row *key = &view->lines.list[list[i]];
        table_row(&table, STYLE_NONE);
        if (!first)
            lines_cell(&table, key, metric);
        if (key->riseless)
            table_cell(&table, NULL);
        else
            table_cell_rise(&table, key->rise, key->rise_most);
        table_cell_size(&table, row_metric(key, METRIC_PEAK));
        table_cell_size(&table, row_metric(key, METRIC_LIVE));
        table_cell_size(&table, row_metric(key, METRIC_LEAKED));
        if (key->releaseless)
            table_cell(&table, NULL);
        else
            table_cell_size(&table, sums_increment(&key->sums));
        table_cell_size(&table, (int64_t)key->sums.allocated);
        table_cell_count(&table, key->sums.allocations);
        char *text = name_of_place(&view->stacks.frames, list[i]);
        table_cell(&table, text);
        free(text);
    }
    unsigned hidden = table_finish(&table, stdout, terminal_cut());
    table_left_out(columns + first, all_columns - first, hidden, stdout);
    print_rest(view, metric, list, count, all);
    putchar('\n');
}

/* The functions of these lines, each once, in the same order. */
static uint32_t *functions_of(const struct view *view, const uint32_t *lines, size_t count,
                              size_t *function_count)
{
    uint32_t *functions = base_alloc(count, sizeof *functions);
    unsigned char *seen = base_alloc(view->stacks.frames.function_count, 1);
    *function_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t function = view->stacks.frames.places[lines[i]].function;
        if (!seen[function] && view->stacks.frames.places[lines[i]].line)
            functions[(*function_count)++] = function;
        seen[function] = 1;
    }
    free(seen);
    return functions;
}

/* Whose lines answer: the program's without line information too, where there are no better ones on the stack. */
static enum rank rank_of_answers(const struct view *view, bool all)
{
    enum rank rank = rank_shown(&view->stacks, &view->functions, all);
    return rank < RANK_PROGRAM ? RANK_PROGRAM : rank;
}

static struct asking asking_of(const struct view *view, const struct options *options)
{
    size_t top = options_top(options, TOP_ANSWERS);
    return (struct asking){.rank = rank_of_answers(view, options->all),
                           .filter = options->filter,
                           .top = top == SIZE_MAX ? 0 : top,
                           .min_share = options_min_share(options, options->json ? 0 : SHARE_SHOWN),
                           .min_share_kept = options_min_share(options, 0)};
}

/* How many of the sorted lines are shown. */
static size_t shown_of(const struct view *view, const struct options *options,
                       const uint32_t *lines, size_t count)
{
    struct row whole = fold_whole(&view->stacks, &options->filter);
    int64_t all = metric_adds(options->metric) ? row_metric(&whole, options->metric) : 0;
    size_t top = options_top(options, TOP_SORTED), shown = 0;
    double least = options_min_share(options, SHARE_SHOWN);
    while (shown < count && shown < top &&
           share_reaches(row_metric(&view->lines.list[lines[shown]], options->metric), all, least))
        shown++;
    return shown;
}

/* The lines in the lists, then the nearest callers by way of which they took it: where a function only passes memory on, its caller
 * is what a person wants to see. To be freed. */
static uint32_t *lines_of_answers(const struct answers *answers, size_t *count)
{
    size_t all = 0;
    for (enum question q = 0; q < QUESTIONS; q++)
        all += answers->of[q].count;
    uint32_t *lines = base_alloc(2 * all, sizeof *lines);
    *count = 0;
    for (enum question q = 0; q < QUESTIONS; q++)
        for (size_t i = 0; i < answers->of[q].count; i++)
            lines[(*count)++] = answers->of[q].lines[i].place;
    for (enum question q = 0; q < QUESTIONS; q++)
        for (size_t i = 0; i < answers->of[q].count; i++)
            if (answers->of[q].lines[i].way_count)
                lines[(*count)++] = answers->of[q].lines[i].ways[0];
    return lines;
}

/* Prints a list; the lines in it, to be freed. */
static uint32_t *print_lists(struct view *view, const struct options *options, size_t *count)
{
    uint32_t *lines;
    if (options->metric != METRICS) {
        size_t all;
        lines = lines_by(view, options->metric,
                         rank_shown(&view->stacks, &view->functions, options->all), &all);
        *count = shown_of(view, options, lines, all);
        view->ranked = options->metric;
        print_sorted(view, options->metric, lines, *count, all);
        return lines;
    }
    struct answers answers;
    struct asking asking = asking_of(view, options);
    answers_make(&answers, &view->stacks, &view->lines, &asking);
    answers_print(&view->stacks, &answers, stdout);
    lines = lines_of_answers(&answers, count);
    answers_free(&answers);
    return lines;
}

static bool has_events(const struct stacks *stacks)
{
    const struct sums *total = &stacks->model.total;
    for (unsigned c = 0; c < CLASSES; c++)
        if (stacks->model.classes[c].allocations || stacks->model.classes[c].releases)
            return true;
    return total->allocations || total->releases;
}

static void print_report(struct view *view, const struct options *options)
{
    summary_print(&view->stacks, &view->lines, stdout);
    if (!has_events(&view->stacks)) {
        puts("No allocation or release is in the log.");
        return;
    }
    size_t count, function_count;
    uint32_t *lines = print_lists(view, options, &count);
    uint32_t *functions = functions_of(view, lines, count, &function_count);
    struct listing *listings = listings_make(view, functions, function_count);
    for (size_t i = 0; i < function_count; i++)
        listing_print(view, &listings[i], options->all, stdout);
    listings_say(view, stdout);
    listings_free(listings, function_count);
    free(functions);
    free(lines);
}

static void json_report(struct view *view, const struct options *options, struct json *json,
                        const struct family *family, size_t index)
{
    struct answers answers;
    json_open(json, NULL, '{');
    json_cstring(json, "schema", "memtrace-report/1");
    summary_json(&view->stacks, &view->lines, json);
    beside_json(&view->stacks.log, json);
    if (family)
        family_json(family, index, json);
    if (!view->filter.classes) {
        struct asking asking = asking_of(view, options);
        answers_make(&answers, &view->stacks, &view->lines, &asking);
        answers_json(view, &answers, json);
        answers_free(&answers);
    }
    lines_json(view, json, NULL, options->metric == METRICS ? METRIC_RISE : options->metric);
    json_close(json, '}');
}

/* ---- a table by another key: it needs no rises, which take most of the time ---- */

static struct by by_of(const struct stacks *stacks, const struct options *options)
{
    enum rank best = frames_rank(&stacks->frames);
    /* Which library it was is what a table of modules is for. */
    bool all = options->all || options->by == BY_MODULE;
    return (struct by){.by = options->by,
                       .metric = options_metric(options, METRIC_PEAK),
                       .own = options->own,
                       .rank = all                   ? RANK_LIBRARY
                               : best < RANK_PROGRAM ? RANK_PROGRAM
                                                     : best,
                       .filter = options->filter,
                       .top = options_top(options, options->json ? 0 : TOP_BY),
                       .min_share = options_min_share(options, options->json ? 0 : SHARE_SHOWN)};
}

static int report_by(const struct log_shown *shown)
{
    const struct options *options = shown->options;
    struct json *json = shown->json;
    struct stacks stacks;
    if (stacks_open_under(&stacks, shown->file, options->periods, options->under) &&
        stacks_know(&stacks, options->metric)) {
        struct by by = by_of(&stacks, options);
        if (json) {
            json_open(json, NULL, '{');
            json_cstring(json, "schema", "memtrace-report/1");
            summary_json(&stacks, NULL, json);
            if (shown->family)
                family_json(shown->family, shown->index, json);
            json_open(json, "table", '{');
            by_json(&stacks, &by, json);
            json_close(json, '}');
            json_close(json, '}');
        } else {
            summary_print(&stacks, NULL, stdout);
            by_print(&stacks, &by, stdout);
        }
    }
    int status = stacks_status(&stacks);
    stacks_close(&stacks);
    return status;
}

/* Of all processes. */
static int report_by_whole(const struct options *options)
{
    struct together together;
    if (together_refuses(options, "report"))
        return STATUS_BAD;
    together_open(&together, options);
    const struct stacks *stacks = &together.joined.stacks;
    struct by by = by_of(stacks, options);
    if (options->json) {
        struct json json = {.out = stdout};
        together_json_begin(&together, "memtrace-report/1", &json);
        json_open(&json, "table", '{');
        by_json(stacks, &by, &json);
        json_close(&json, '}');
        json_close(&json, '}');
    } else if (together.family.total.processes) {
        by_print(stacks, &by, stdout);
        together_print_notes(&together, by.metric == METRIC_PEAK);
    }
    int status = together.status;
    together_close(&together);
    return status;
}

static int report_one(const struct log_shown *shown)
{
    const struct options *options = shown->options;
    struct view view;
    if (options->by != GROUPINGS)
        return report_by(shown);
    if (view_open(&view, shown->file, options->periods, options->under, &options->filter, false) &&
        stacks_know(&view.stacks, options->metric)) {
        if (shown->json)
            json_report(&view, options, shown->json, shown->family, shown->index);
        else
            print_report(&view, options);
    }
    int status = stacks_status(&view.stacks);
    view_close(&view);
    return status;
}

int verb_report(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_report_about, argc, argv);
    if (options.own && options.by == GROUPINGS)
        options.by = BY_LINE;
    if (options.filter.classes && options.metric == METRICS)
        options.metric = METRIC_ALLOCATED; /* the questions are about the level */
    if (status == STATUS_DONE)
        status = options.by != GROUPINGS && together_asked(&options)
                     ? report_by_whole(&options)
                     : logs_each(&options, false, report_one);
    options_free(&options);
    return status;
}
