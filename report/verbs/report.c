/* SPDX-License-Identifier: MIT
 *
 * memtrace report: the summary, the lines that hold the peak, that jumped, that never gave back, the source of their functions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "show/answers.h"
#include "show/family.h"
#include "show/lines.h"
#include "show/lines_json.h"
#include "show/name.h"
#include "show/summary.h"
#include "show/table.h"
#include "verbs/verbs.h"

const char verb_report_help[] =
    "usage: memtrace report [--all] [-n N] [--sort KEY] [--json] LOG...\n\n"
    "Summary of the process; which lines hold the peak, which jumped, and which took\n"
    "what was never given back, N of each (5; 0: all); then the annotated source of\n"
    "the functions that these lines are in. Of several logs first the tree of the\n"
    "processes, with sums.\n\n"
    "A line is blamed for what it allocated itself or by way of libraries, not for\n"
    "what its calls of your own code did. Each list adds up to its total; rises\n"
    "don't.\n\n"
    "  -a, --all       libraries and the interpreter too, not only your own code; all\n"
    "                  lines of the functions\n"
    "  -n, --top N     how many lines\n"
    "      --sort KEY  instead of the three lists one of the lines with all that they\n"
    "                  call, by rise, peak, live, leaked, increment, allocated,\n"
    "                  allocations, released, releases, resident, discarded, usage or\n"
    "                  executions\n"
    "      --period N[-M]  what happened in these periods of the process, where the\n"
    "                      program made some\n"
    "      --under FUNCTION  what happened under calls of this function, or\n"
    "                        FILE:FUNCTION\n"
    "      --bytes     exact sizes, such as 8,000,000 B for 7.63 MiB\n"
    "      --class CLASS[,...]  lines of these classes: heap, anonymous, shared,\n"
    "                    file, reserved (else the first three together, which make up\n"
    "                    the level; no rises then)\n"
    "      --search DIR    look below this folder, too, for programs and libraries\n"
    "                      that are gone\n"
    "      --shims         allocator shims too, such as operator new and xmalloc\n"
    "                      (memtrace --rules)\n"
    "      --json      everything, as JSON (SCHEMA.md)\n\n"
    "  Mem usage  bytes live in the process after the line's last event\n"
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
    "  Allocs     number of allocations\n\n"
    "example:\n"
    "  memtrace report memtrace.python3.4711.mt\n";

#define TOP_ANSWERS 5u
#define TOP_SORTED  10u
#define TOP_DEFAULT SIZE_MAX

struct report_options {
    size_t top;         /* 0: all; TOP_DEFAULT */
    enum metric metric; /* METRICS: the three questions */
    struct log_options log;
};

static void print_sorted(const struct view *view, enum metric metric, const uint32_t *list,
                         size_t count)
{
    static const struct table_column columns[] = {{"Rise", 10},  {"At peak", 9},   {"Live", 9},
                                                  {"Left", 9},   {"Increment", 9}, {"Allocated", 9},
                                                  {"Allocs", 8}, {"Line", 0}};
    static const unsigned char spare[] = {0, 0, 0, 1, 2, 0, 3, 0};
    struct table table;
    printf("%sLines by %s%s\n", terminal_on(STYLE_TITLE), metric_name(metric),
           terminal_off(STYLE_TITLE));
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    table.spare = spare;
    table.names = true;
    for (size_t i = 0; i < count; i++) {
        const struct row *key = &view->lines.list[list[i]];
        table_row(&table, STYLE_NONE);
        if (key->riseless)
            table_cell(&table, NULL);
        else
            table_cell_rise(&table, key->rise, key->rise_most);
        table_cell_size(&table, row_metric(key, METRIC_PEAK));
        table_cell_size(&table, row_metric(key, METRIC_LIVE));
        table_cell_size(&table, row_metric(key, METRIC_LEAKED));
        table_cell_size(&table, sums_increment(&key->sums));
        table_cell_size(&table, (int64_t)key->sums.allocated);
        table_cell_count(&table, key->sums.allocations);
        char *text = name_of_place(&view->stacks.frames, list[i]);
        table_cell(&table, text);
        free(text);
    }
    unsigned hidden = table_finish(&table, stdout, terminal_cut());
    table_left_out(columns, sizeof columns / sizeof columns[0], hidden, stdout);
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

static size_t top_of(const struct report_options *options, size_t usual)
{
    return options->top == TOP_DEFAULT ? usual : options->top;
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
static uint32_t *print_lists(struct view *view, const struct report_options *options, size_t *count)
{
    uint32_t *lines;
    if (options->metric != METRICS) {
        size_t top = top_of(options, TOP_SORTED);
        lines = lines_by(view, options->metric,
                         rank_shown(&view->stacks, &view->functions, options->log.all), count);
        *count = top && *count > top ? top : *count;
        print_sorted(view, options->metric, lines, *count);
        return lines;
    }
    struct answers answers;
    answers_make(&answers, &view->stacks, &view->lines, rank_of_answers(view, options->log.all),
                 top_of(options, TOP_ANSWERS));
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

static void print_report(struct view *view, const struct report_options *options)
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
        listing_print(view, &listings[i], options->log.all, stdout);
    listings_say(view, stdout);
    listings_free(listings, function_count);
    free(functions);
    free(lines);
}

static void json_report(struct view *view, const struct report_options *options, struct json *json,
                        const struct family *family, size_t index)
{
    struct answers answers;
    json_open(json, NULL, '{');
    json_string(json, "schema", "memtrace-report/1");
    summary_json(&view->stacks, &view->lines, json);
    if (family)
        family_json(family, index, json);
    if (!view->classes) {
        answers_make(&answers, &view->stacks, &view->lines, rank_of_answers(view, options->log.all),
                     top_of(options, TOP_ANSWERS));
        answers_json(view, &answers, json);
        answers_free(&answers);
    }
    lines_json(view, json, NULL, options->metric == METRICS ? METRIC_RISE : options->metric);
    json_close(json, '}');
}

/* `family`: NULL when there is one log only. */
static int report_one(const char *file, const struct report_options *options, struct json *json,
                      const struct family *family, size_t index)
{
    struct view view;
    if (view_open(&view, file, options->log.periods, options->log.under, options->log.classes)) {
        if (json)
            json_report(&view, options, json, family, index);
        else
            print_report(&view, options);
    }
    int status = stacks_status(&view.stacks);
    view_close(&view);
    return status;
}

/* STATUS_DONE, or the status to end with. */
static int read_options(int argc, char **argv, struct report_options *options)
{
    static const struct option longs[] = {{"top", required_argument, NULL, 'n'},
                                          {"sort", required_argument, NULL, 's'},
                                          {"under", required_argument, NULL, 'U'},
                                          LOG_LONG_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    int option;
    long number;
    while ((option = getopt_long(argc, argv, "an:", longs, NULL)) != -1) {
        switch (option) {
        case 'n':
            if ((number = verb_number("-n", optarg, 1000000000)) < 0)
                return STATUS_BAD;
            options->top = (size_t)number;
            break;
        case 's':
            if ((options->metric = verb_sort("report", optarg, false)) == METRICS)
                return STATUS_BAD;
            break;
        default:
            if (verb_log_option("report", option, optarg, &options->log) != STATUS_DONE)
                return STATUS_BAD;
        }
    }
    if (options->log.classes && options->metric == METRICS)
        options->metric = METRIC_ALLOCATED; /* the questions are about the level */
    if (optind < argc)
        return STATUS_DONE;
    base_say("report: which log?");
    return verb_usage("report");
}

int verb_report(int argc, char **argv)
{
    struct report_options options = {
        .top = TOP_DEFAULT, .metric = METRICS, .log = LOG_OPTIONS_DEFAULT};
    int status = read_options(argc, argv, &options);
    if (status != STATUS_DONE)
        return status;
    struct json json = {.out = stdout};
    bool several = argc - optind > 1;
    if (options.log.json && several)
        json_open(&json, NULL, '[');
    struct family family = {0};
    if (several)
        family_make(&family, argv + optind, (size_t)(argc - optind));
    if (several && !options.log.json && family.total.processes)
        family_print(&family, stdout);
    for (int i = optind; i < argc; i++) {
        int one = report_one(argv[i], &options, options.log.json ? &json : NULL,
                             several ? &family : NULL, (size_t)(i - optind));
        if (one > status)
            status = one;
    }
    family_free(&family);
    if (options.log.json && several)
        json_close(&json, ']');
    return status;
}
