/* SPDX-License-Identifier: MIT
 *
 * memtrace report: the summary, the lines that rise most, the source of their functions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "show/family.h"
#include "show/lines.h"
#include "show/lines_json.h"
#include "show/name.h"
#include "show/summary.h"
#include "show/table.h"
#include "verbs/verbs.h"

const char verb_report_help[] =
    "usage: memtrace report [--all] [-n N] [--json] LOG...\n\n"
    "Summary of the process, the N lines that rise most (10; 0: all), then the annotated source of "
    "the\n"
    "functions that these lines are in. Of several logs first the tree of the processes, with "
    "sums.\n\n"
    "  -a, --all       libraries and the interpreter too, not only your own code\n"
    "  -n, --top N     how many lines\n"
    "      --period N[-M]  what happened in these periods of the process, where the program made "
    "some\n"
    "      --under FUNCTION  what happened under calls of this function, or FILE:FUNCTION\n"
    "      --search DIR    look below this folder, too, for programs and libraries that are gone\n"
    "      --shims         allocator shims too, such as operator new and xmalloc (memtrace "
    "--rules)\n"
    "      --json      everything, as JSON (SCHEMA.md)\n\n"
    "  Mem usage  bytes live in the process after the line's last event\n"
    "  Increment  allocated minus released while the line ran\n"
    "  Rise       highest that memory stood above where it was when the line began\n"
    "  Resident   growth of the resident set seen while the line ran\n"
    "  Allocs     number of allocations\n\n"
    "example:\n"
    "  memtrace report memtrace.python3.4711.mt\n";

struct report_options {
    bool all, json;
    size_t top;
    struct periods periods;
    const char *under;
};

static void print_share(struct table *table, const struct view *view, const struct row *key)
{
    char share[32];
    if (!view->stacks.log.header.peak) {
        table_cell(table, NULL);
        return;
    }
    snprintf(share, sizeof share, "%.1f %%",
             100.0 * (double)key->sums.at_peak / (double)view->stacks.log.header.peak);
    table_cell(table, share);
}

static void print_top(const struct view *view, const uint32_t *list, size_t count)
{
    static const struct table_column columns[] = {{"Rise", 13},      {"At peak", 7},
                                                  {"Increment", 13}, {"Allocated", 13},
                                                  {"Allocs", 8},     {"Line", 0}};
    struct table table;
    printf("%sLines that rise most%s\n", terminal_on(STYLE_TITLE), terminal_off(STYLE_TITLE));
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        const struct row *key = &view->lines.list[list[i]];
        table_row(&table, STYLE_NONE);
        table_cell_rise(&table, key->rise, key->rise_most);
        print_share(&table, view, key);
        table_cell_mib(&table, sums_increment(&key->sums));
        table_cell_mib(&table, (int64_t)key->sums.allocated);
        table_cell_count(&table, key->sums.allocations);
        char *text = name_of_place(&view->stacks.frames, list[i]);
        table_cell(&table, text);
        free(text);
    }
    table_finish(&table, stdout, terminal_cut());
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

static void print_report(struct view *view, const struct report_options *options)
{
    summary_print(&view->stacks, stdout);
    enum rank rank = rank_shown(&view->stacks, &view->functions, options->all);
    size_t count, function_count;
    uint32_t *lines = lines_by_rise(view, rank, &count);
    if (options->top && count > options->top)
        count = options->top;
    if (!count) {
        puts("No allocation or release is in the log.");
        free(lines);
        return;
    }
    print_top(view, lines, count);
    uint32_t *functions = functions_of(view, lines, count, &function_count);
    struct listing *listings = listings_make(view, functions, function_count);
    for (size_t i = 0; i < function_count; i++)
        listing_print(view, &listings[i], true, stdout);
    listings_free(listings, function_count);
    free(functions);
    free(lines);
}

/* `family`: NULL when there is one log only. */
static int report_one(const char *file, const struct report_options *options, struct json *json,
                      const struct family *family, size_t index)
{
    struct view view;
    if (view_open_under(&view, file, options->periods, options->under)) {
        if (json) {
            json_open(json, NULL, '{');
            json_string(json, "schema", "memtrace-report/1");
            summary_json(&view.stacks, json);
            if (family)
                family_json(family, index, json);
            lines_json(&view, json, NULL);
            json_close(json, '}');
        } else {
            print_report(&view, options);
        }
    }
    int status = view.stacks.damaged ? STATUS_BAD : STATUS_DONE;
    view_close(&view);
    return status;
}

/* STATUS_DONE, or the status to end with. */
static int read_options(int argc, char **argv, struct report_options *options)
{
    static const struct option longs[] = {
        {"all", no_argument, NULL, 'a'},         {"top", required_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},        {"period", required_argument, NULL, 'P'},
        {"under", required_argument, NULL, 'u'}, {"search", required_argument, NULL, 'S'},
        {"shims", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    int option;
    long number;
    while ((option = getopt_long(argc, argv, "an:", longs, NULL)) != -1) {
        switch (option) {
        case 'a':
            options->all = true;
            break;
        case 'n':
            if ((number = verb_number("-n", optarg, 1000000000)) < 0)
                return STATUS_BAD;
            options->top = (size_t)number;
            break;
        case 'P':
            if (!verb_periods(optarg, &options->periods))
                return STATUS_BAD;
            break;
        case 'u':
            options->under = optarg;
            break;
        case 'h':
            frames_shims = true;
            break;
        case 'S':
            if (!verb_search(optarg))
                return STATUS_BAD;
            break;
        case 'j':
            options->json = true;
            break;
        default:
            return verb_usage("report");
        }
    }
    if (optind < argc)
        return STATUS_DONE;
    base_say("report: which log?");
    return verb_usage("report");
}

int verb_report(int argc, char **argv)
{
    struct report_options options = {.top = 10, .periods = ALL_PERIODS};
    int status = read_options(argc, argv, &options);
    if (status != STATUS_DONE)
        return status;
    struct json json = {.out = stdout};
    bool several = argc - optind > 1;
    if (options.json && several)
        json_open(&json, NULL, '[');
    struct family family = {0};
    if (several)
        family_make(&family, argv + optind, (size_t)(argc - optind));
    if (several && !options.json && family.total.processes)
        family_print(&family, stdout);
    for (int i = optind; i < argc; i++) {
        int one = report_one(argv[i], &options, options.json ? &json : NULL,
                             several ? &family : NULL, (size_t)(i - optind));
        if (one > status)
            status = one;
    }
    family_free(&family);
    if (options.json && several)
        json_close(&json, ']');
    return status;
}
