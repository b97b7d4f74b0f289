/* SPDX-License-Identifier: MIT
 *
 * memtrace lines: the line tables alone, of all functions or of those asked for, also in %mprun's
 * template.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "show/lines.h"
#include "show/lines_json.h"
#include "show/mprun.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "resolve/match.h"
#include "resolve/rules.h"
#include "verbs/verbs.h"

const char verb_lines_help[] =
    "usage: memtrace lines [-f FUNCTION|FILE[:FUNCTION]]... [--mprun] [--all]\n"
    "       [--sort KEY] [--json] LOG\n\n"
    "Line tables of functions. Without -f: of all your own functions that allocated\n"
    "or released.\n\n"
    "  -f, --function NAME   a function, a file, or FILE:FUNCTION; may be given\n"
    "                        several times\n"
    "      --mprun           memory_profiler's template: Mem usage, Increment,\n"
    "                        Occurrences, Line Contents. Occurrences are executions\n"
    "                        of the line for functions that were named with `memtrace\n"
    "                        run --lines`, allocations for others\n"
    "      --sort KEY        functions in the order of rise, peak, live, leaked,\n"
    "                        increment, allocated, allocations, released, releases,\n"
    "                        resident, discarded, usage or executions, the highest\n"
    "                        first\n"
    "      --precision N     decimals with --mprun (1)\n"
    "      --period N[-M]    what happened in these periods of the process\n"
    "      --under FUNCTION  what happened under calls of this function, or\n"
    "                        FILE:FUNCTION\n"
    "      --class CLASS[,...]  of these classes: heap, anonymous, shared, file,\n"
    "                    reserved (else the first three together)\n"
    "  -a, --all             libraries and the interpreter too; all lines of the\n"
    "                        functions, not only those with events and two around\n"
    "                        them\n"
    "      --bytes           exact sizes, such as 8,000,000 B for 7.63 MiB\n"
    "      --search DIR    look below this folder, too, for programs and libraries\n"
    "                      that are gone\n"
    "      --shims         allocator shims too, such as operator new and xmalloc\n"
    "                      (memtrace --rules)\n"
    "      --json            as JSON (SCHEMA.md)\n\n"
    "Exit status 1: no function or file in the log is called that, or there is no\n"
    "such period.\n\n"
    "example:\n"
    "  memtrace lines -f mem_test.py:main --mprun memtrace.python3.4711.mt\n";

struct lines_options {
    bool mprun;
    int precision;
    char **names;
    size_t name_count;
    struct log_options log;
    enum metric metric; /* METRICS: by file and line */
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
            match_function(name, frames_file(frames, function), frames_name(frames, function));
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
static bool choose(const struct view *view, const struct lines_options *options,
                   unsigned char *wanted)
{
    enum rank rank = rank_shown(&view->stacks, &view->functions, options->log.all);
    bool all_found = true;
    for (size_t f = 0; !options->name_count && f < view->stacks.frames.function_count; f++)
        wanted[f] = view->stacks.frames.functions[f].rank <= rank;
    for (size_t n = 0; n < options->name_count; n++) {
        if (choose_name(view, options->names[n], options->log.all, wanted))
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

static void print_tables(struct view *view, const struct lines_options *options,
                         const unsigned char *wanted)
{
    uint32_t *functions = base_alloc(view->stacks.frames.function_count, sizeof *functions);
    size_t count = 0;
    for (uint32_t f = 0; f < view->stacks.frames.function_count; f++)
        if (wanted[f] && row_shows(&view->functions.list[f]))
            functions[count++] = f;
    if (!count && !options->name_count)
        puts("No allocation or release is in the log.");
    struct sorting sorting = {view, options->metric};
    if (count)
        qsort_r(functions, count, sizeof *functions, function_order, &sorting);
    struct listing *listings = listings_make(view, functions, count);
    for (size_t i = 0; i < count; i++) {
        if (options->mprun)
            listing_print_mprun(view, &listings[i], options->precision, stdout);
        else
            listing_print(view, &listings[i], options->log.all, stdout);
    }
    listings_say(view, stdout);
    notes_print(&view->stacks, options->mprun ? NULL : &view->lines, "", stdout);
    listings_free(listings, count);
    free(functions);
}

static int lines_one(const char *file, const struct lines_options *options)
{
    struct view view;
    bool found = true;
    if (view_open(&view, file, options->log.periods, options->log.under, options->log.classes)) {
        unsigned char *wanted = base_alloc(view.stacks.frames.function_count, 1);
        found = choose(&view, options, wanted);
        if (options->log.json) {
            struct json json = {.out = stdout};
            json_open(&json, NULL, '{');
            json_string(&json, "schema", "memtrace-lines/1");
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
    static const struct option longs[] = {{"function", required_argument, NULL, 'f'},
                                          {"mprun", no_argument, NULL, 'm'},
                                          {"precision", required_argument, NULL, 'p'},
                                          {"sort", required_argument, NULL, 's'},
                                          {"under", required_argument, NULL, 'U'},
                                          LOG_LONG_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    struct lines_options options = {.precision = 1,
                                    .metric = METRICS,
                                    .log = LOG_OPTIONS_DEFAULT,
                                    .names = base_alloc((size_t)argc, sizeof(char *))};
    int option, status = STATUS_DONE;
    while (status == STATUS_DONE && (option = getopt_long(argc, argv, "af:", longs, NULL)) != -1) {
        switch (option) {
        case 'f':
            options.names[options.name_count++] = optarg;
            break;
        case 'm':
            options.mprun = true;
            break;
        case 'p':
            options.precision = (int)verb_number("--precision", optarg, 9);
            status = options.precision < 0 ? STATUS_BAD : STATUS_DONE;
            break;
        case 's':
            options.metric = verb_sort("lines", optarg, false);
            status = options.metric == METRICS ? STATUS_BAD : STATUS_DONE;
            break;
        default:
            status = verb_log_option("lines", option, optarg, &options.log);
        }
    }
    if (status == STATUS_DONE && optind + 1 != argc) {
        base_say(optind == argc ? "lines: which log?" : "lines: one log at a time");
        status = verb_usage("lines");
    }
    if (status == STATUS_DONE)
        status = lines_one(argv[optind], &options);
    free(options.names);
    return status;
}
