/* SPDX-License-Identifier: MIT
 *
 * memtrace sites: what each call site allocated, with its stack.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/fold.h"
#include "show/fit.h"
#include "show/name.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "show/stacks_json.h"
#include "show/table.h"
#include "verbs/verbs.h"

const char verb_sites_help[] =
    "usage: memtrace sites [--all] [-n N] [--sort KEY] [--json] LOG\n\n"
    "The N call sites (20; 0: all) that hold most at the peak, each with its stack,\n"
    "innermost first.\n\n"
    "  -a, --all        libraries' frames too, not only the innermost and your own\n"
    "  -n, --top N      how many\n"
    "      --sort KEY   peak (held at the process's peak), live, leaked, allocated,\n"
    "                   rise, allocations, released, releases, increment or resident\n"
    "      --period N[-M]  what happened in these periods of the process\n"
    "      --bytes      exact sizes, such as 8,000,000 B for 7.63 MiB\n"
    "      --class CLASS[,...]  those of these classes: heap, anonymous, shared,\n"
    "                    file, reserved\n"
    "      --search DIR    look below this folder, too, for programs and libraries\n"
    "                      that are gone\n"
    "      --shims         allocator shims too, such as operator new and xmalloc\n"
    "                      (memtrace --rules)\n"
    "      --json       as JSON (SCHEMA.md)\n\n"
    "example:\n"
    "  memtrace sites -n 5 --sort live memtrace.python3.4711.mt\n";

static void print_frame(const struct stacks *stacks, uint32_t place)
{
    char *whole = name_of_place(&stacks->frames, place);
    size_t cut = terminal_cut();
    size_t room = cut == SIZE_MAX ? cut : cut > 27 ? cut - 7 : 20;
    char *text = fit_name(whole, room);
    fputs("       ", stdout);
    text_put(stdout, text, strlen(text), room);
    putchar('\n');
    free(text);
    free(whole);
}

static enum rank entry_rank(const struct stacks *stacks, const struct rows *sites, uint32_t entry)
{
    const struct place *place = &stacks->frames.places[sites->tree.key[entry]];
    return stacks->frames.functions[place->function].rank;
}

/* The innermost frame and the user's own; libraries' frames between them are counted, unless all
 * are asked for or there are no others. */
static void print_stack(const struct stacks *stacks, const struct rows *sites,
                        const struct row *site, bool all)
{
    enum rank best = RANK_LIBRARY;
    size_t hidden = 0;
    char number[TEXT_COUNT_BYTES];
    if (!site->key)
        puts("       (call sites that are not known: the log was full)");
    for (uint32_t at = site->key; at && !all; at = sites->tree.parent[at])
        if (entry_rank(stacks, sites, at) < best)
            best = entry_rank(stacks, sites, at);
    for (uint32_t at = site->key; at; at = sites->tree.parent[at]) {
        if (at != site->key && entry_rank(stacks, sites, at) > best) {
            hidden++;
            continue;
        }
        if (hidden)
            printf("       ... %s more of libraries\n", text_count(number, hidden));
        hidden = 0;
        print_frame(stacks, sites->tree.key[at]);
    }
    if (hidden)
        printf("       ... %s more of libraries\n", text_count(number, hidden));
}

/* "     7.63 MiB released in 2 releases" */
static void print_amount(uint64_t bytes, const char *what, uint64_t count, const char *noun)
{
    char size[TEXT_SIZE_BYTES], number[TEXT_COUNT_BYTES];
    printf("     %s %s in %s %s%s", text_size(size, (int64_t)bytes), what,
           text_count(number, count), noun, text_s(count));
}

static void print_site(const struct stacks *stacks, const struct rows *sites,
                       const struct row *site, size_t number, bool all)
{
    char peak[TEXT_SIZE_BYTES], live[TEXT_SIZE_BYTES], rise[TEXT_SIZE_BYTES];
    const struct sums *sums = &site->sums;
    printf("%s%3zu. %s held at the peak%s", terminal_on(STYLE_TITLE), number,
           text_size(peak, sums->at_peak), terminal_off(STYLE_TITLE));
    if (stacks->log.header.peak)
        printf(" (%.1f %%)", 100.0 * (double)sums->at_peak / (double)stacks->log.header.peak);
    printf(", %s live%s%s\n", text_size(live, sums_live(sums)),
           site->class == CLASS_HEAP ? "" : ", ",
           site->class == CLASS_HEAP ? "" : class_name(site->class));
    print_amount(sums->allocated, "allocated", sums->allocations, "allocation");
    fputs(", rise ", stdout);
    if (site->rise_most)
        text_put(stdout, "≥ ", strlen("≥ "), SIZE_MAX);
    printf("%s\n", text_size(rise, (int64_t)site->rise));
    if (sums->gone_count) {
        print_amount(sums->gone, "of that released", sums->gone_count, "release");
        putchar('\n');
    }
    if (sums->releases) {
        print_amount(sums->released, "released by this call site", sums->releases, "release");
        putchar('\n');
    }
    print_stack(stacks, sites, site, all);
    putchar('\n');
}

static void json_site(const struct stacks_json *stacks, const struct row *site, struct json *json)
{
    const struct sums *sums = &site->sums;
    json_open(json, NULL, '{');
    json_string(json, "class", class_name(site->class));
    json_unsigned(json, "allocated_bytes", sums->allocated);
    json_unsigned(json, "gone_bytes", sums->gone);
    json_signed(json, "live_bytes", sums_live(sums));
    json_signed(json, "leaked_bytes", sums_leaked(sums));
    json_unsigned(json, "live_peak_bytes", sums->live_peak);
    json_signed(json, "at_peak_bytes", sums->at_peak);
    json_unsigned(json, "released_bytes", sums->released);
    json_rise(json, site);
    json_unsigned(json, "discarded_bytes", sums->discarded);
    json_signed(json, "resident_bytes", sums->resident);
    json_unsigned(json, "allocations", sums->allocations);
    json_unsigned(json, "gone_count", sums->gone_count);
    json_unsigned(json, "releases", sums->releases);
    stacks_json_node(stacks, json, site->key);
    json_close(json, '}');
}

static void print_sites(const struct stacks *stacks, const struct rows *sites, const uint32_t *list,
                        size_t shown, size_t count, bool all)
{
    for (size_t i = 0; i < shown; i++)
        print_site(stacks, sites, &sites->list[list[i]], i + 1, all);
    char more[TEXT_COUNT_BYTES];
    if (shown < count)
        printf("%s more site%s; -n 0 shows all.\n", text_count(more, count - shown),
               text_s(count - shown));
    notes_print(stacks, NULL, "", stdout);
}

static void json_sites(const struct stacks *stacks, const struct rows *sites, const uint32_t *list,
                       size_t shown, size_t count)
{
    struct json json = {.out = stdout};
    uint32_t *entries = base_alloc(shown, sizeof *entries);
    for (size_t i = 0; i < shown; i++)
        entries[i] = sites->list[list[i]].key;
    json_open(&json, NULL, '{');
    json_string(&json, "schema", "memtrace-sites/2");
    json_process(&stacks->log, &json);
    json_unsigned(&json, "peak_bytes", log_peak(&stacks->log));
    json_unsigned(&json, "site_count", count);
    notes_json(stacks, NULL, &json);
    struct stacks_json written = stacks_json(&stacks->frames, &sites->tree, entries, shown, &json);
    free(entries);
    json_open(&json, "sites", '[');
    for (size_t i = 0; i < shown; i++)
        json_site(&written, &sites->list[list[i]], &json);
    json_close(&json, ']');
    json_close(&json, '}');
    stacks_json_end(&written);
}

struct sites_options {
    size_t top; /* 0: all */
    enum metric metric;
    struct log_options log;
};

static int sites_one(const char *file, const struct sites_options *options)
{
    struct stacks stacks;
    if (stacks_open(&stacks, file, options->log.periods)) {
        struct query query = {.by = BY_SITE,
                              .metrics = 1u << METRIC_RISE,
                              .filter = {.classes = options->log.classes}};
        struct rows sites;
        size_t count;
        fold(&stacks, &query, &sites);
        uint32_t *list = rows_by(&sites, options->metric, NULL, &count);
        size_t shown = options->top && options->top < count ? options->top : count;
        if (options->log.json)
            json_sites(&stacks, &sites, list, shown, count);
        else
            print_sites(&stacks, &sites, list, shown, count, options->log.all);
        free(list);
        rows_free(&sites);
    }
    int status = stacks_status(&stacks);
    stacks_close(&stacks);
    return status;
}

int verb_sites(int argc, char **argv)
{
    static const struct option longs[] = {{"top", required_argument, NULL, 'n'},
                                          {"sort", required_argument, NULL, 's'},
                                          LOG_LONG_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    struct sites_options options = {.top = 20, .metric = METRIC_PEAK, .log = LOG_OPTIONS_DEFAULT};
    long number;
    int option;
    while ((option = getopt_long(argc, argv, "an:", longs, NULL)) != -1) {
        switch (option) {
        case 'n':
            if ((number = verb_number("-n", optarg, 1000000000)) < 0)
                return STATUS_BAD;
            options.top = (size_t)number;
            break;
        case 's':
            if ((options.metric = verb_sort("sites", optarg, true)) == METRICS)
                return STATUS_BAD;
            break;
        default:
            if (verb_log_option("sites", option, optarg, &options.log) != STATUS_DONE)
                return STATUS_BAD;
        }
    }
    if (optind + 1 != argc) {
        base_say(optind == argc ? "sites: which log?" : "sites: one log at a time");
        return verb_usage("sites");
    }
    return sites_one(argv[optind], &options);
}
