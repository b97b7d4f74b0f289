/* SPDX-License-Identifier: MIT
 *
 * memtrace sites: what each call site allocated, with its stack.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/fold.h"
#include "fold/select.h"
#include "read/reader.h"
#include "show/family.h"
#include "show/metric.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "show/sizes.h"
#include "show/stack.h"
#include "show/stacks_json.h"
#include "show/terminal.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_sites_about = {
    .name = "sites",
    .of = OF_SITES,
    .several = true,
    .intro =
        "The 20 call sites that hold most at the peak, each with its stack, innermost first. "
        "A call site is\n"
        "all events of one stack and class, of all threads.\n\n"
        "Of several logs, or a folder of them, first the tree of the processes, then the "
        "call sites of all, each\n"
        "with what it did in all of them, without rises; with --each or --process PID those of "
        "each process.\n",
    .end = "",
    .example = "memtrace sites -n 5 --metric live memtrace.python3.4711.mt",
};

#define SCHEMA "memtrace-sites/2"

/* Call sites, and which of them are shown. */
struct site_list {
    const struct stacks *stacks;
    struct rows rows;
    enum metric metric;
    bool all;
    struct sizes *sizes; /* of the shown ones; NULL: not asked for */
    uint32_t *list;      /* the highest by the metric first */
    size_t shown, count; /* of list; the shown ones stand first */
    int64_t whole;       /* the figures of all; 0: they don't add up */
};

/* "     7.63 MiB released in 2 releases" */
static void print_amount(uint64_t bytes, const char *what, uint64_t count, const char *noun)
{
    char size[TEXT_SIZE_BYTES], number[TEXT_COUNT_BYTES];
    printf("     %s %s in %s %s%s", text_size(size, (int64_t)bytes), what,
           text_count(number, count), noun, text_s(count));
}

/* The figure that the list is ranked by, with its share; for the peak also what is live, for others what was held at the peak. */
static void print_head(const struct site_list *sites, const struct row *site, size_t number)
{
    char figure[TEXT_SIZE_BYTES], other[TEXT_SIZE_BYTES], share[SHARE_BYTES];
    enum metric second = sites->metric == METRIC_PEAK ? METRIC_LIVE : METRIC_PEAK;
    int64_t value = row_metric(site, sites->metric);
    share_text(share, value, sites->whole);
    printf("%s%3zu. %s %s%s", terminal_on(STYLE_TITLE), number,
           metric_text(figure, sites->metric, value), metric_phrase_of(sites->metric, value),
           terminal_off(STYLE_TITLE));
    if (*share)
        printf(" (%s)", share);
    printf(", %s %s%s%s\n", metric_text(other, second, row_metric(site, second)),
           metric_phrase(second), site->class == CLASS_HEAP ? "" : ", ",
           site->class == CLASS_HEAP ? "" : class_name(site->class));
}

static void print_site(const struct site_list *sites, const struct row *site, size_t number)
{
    char rise[TEXT_SIZE_BYTES];
    const struct sums *sums = &site->sums;
    print_head(sites, site, number);
    print_amount(sums->allocated, "allocated", sums->allocations, "allocation");
    if (!site->riseless) {
        fputs(", rise ", stdout);
        if (site->rise_most)
            text_put(stdout, "≥ ", strlen("≥ "), SIZE_MAX);
        fputs(text_size(rise, (int64_t)site->rise), stdout);
    }
    putchar('\n');
    if (sums->blocks_at_peak && sums->blocks_at_peak < sums->allocations) {
        print_amount((uint64_t)sums->at_peak, "held at the peak", sums->blocks_at_peak, "block");
        putchar('\n');
    }
    if (sums->gone_count) {
        print_amount(sums->gone, "of that released", sums->gone_count, "release");
        putchar('\n');
    }
    if (sums->releases) {
        print_amount(sums->released, "released by this call site", sums->releases, "release");
        putchar('\n');
    }
    if (sums->temporary) {
        print_amount(sums->temporary_bytes, "temporary", sums->temporary, "allocation");
        putchar('\n');
    }
    if (sites->sizes)
        sizes_print(&sites->sizes[number - 1], sums->allocations, "     ", stdout);
    stack_print(sites->stacks, &sites->rows.tree, site->key, sites->all, stdout);
    putchar('\n');
}

static void json_site(const struct site_list *sites, const struct stacks_json *stacks,
                      size_t number, struct json *json)
{
    const struct row *site = &sites->rows.list[sites->list[number]];
    const struct sums *sums = &site->sums;
    json_open(json, NULL, '{');
    json_cstring(json, "class", class_name(site->class));
    json_unsigned(json, "allocated_bytes", sums->allocated);
    json_unsigned(json, "gone_bytes", sums->gone);
    json_signed(json, "live_bytes", sums_live(sums));
    json_signed(json, "leaked_bytes", sums_leaked(sums));
    json_unsigned(json, "live_peak_bytes", sums->live_peak);
    json_signed(json, "at_peak_bytes", sums->at_peak);
    json_unsigned(json, "at_peak_blocks", sums->blocks_at_peak);
    json_unsigned(json, "released_bytes", sums->released);
    json_rise(json, site);
    json_unsigned(json, "discarded_bytes", sums->discarded);
    json_signed(json, "resident_bytes", sums->resident);
    json_unsigned(json, "allocations", sums->allocations);
    json_unsigned(json, "gone_count", sums->gone_count);
    json_unsigned(json, "releases", sums->releases);
    json_temporary(json, sums);
    if (sites->sizes)
        sizes_json(&sites->sizes[number], json);
    stacks_json_node(stacks, json, site->key);
    json_close(json, '}');
}

/* The sum of what is not shown. */
static void print_others(const struct site_list *sites)
{
    char more[TEXT_COUNT_BYTES], figure[TEXT_SIZE_BYTES], share[SHARE_BYTES];
    int64_t sum = 0;
    for (size_t i = sites->shown; i < sites->count; i++)
        sum = (int64_t)((uint64_t)sum +
                        (uint64_t)row_metric(&sites->rows.list[sites->list[i]], sites->metric));
    printf("%s more site%s", text_count(more, sites->count - sites->shown),
           text_s(sites->count - sites->shown));
    if (metric_adds(sites->metric))
        printf(": %s %s", metric_text(figure, sites->metric, sum),
               metric_phrase_of(sites->metric, sum));
    if (*share_text(share, sum, sites->whole))
        printf(" (%s)", share);
    puts("; -n 0 --all shows all.");
}

static void print_sites(const struct site_list *sites)
{
    for (size_t i = 0; i < sites->shown; i++)
        print_site(sites, &sites->rows.list[sites->list[i]], i + 1);
    if (sites->shown < sites->count)
        print_others(sites);
}

/* Behind what the object begins with. */
static void json_sites(const struct site_list *sites, struct json *json)
{
    uint32_t *entries = base_alloc(sites->shown, sizeof *entries);
    for (size_t i = 0; i < sites->shown; i++)
        entries[i] = sites->rows.list[sites->list[i]].key;
    struct stacks_json written =
        stacks_json(&sites->stacks->frames, &sites->rows.tree, entries, sites->shown, json);
    free(entries);
    json_open(json, "sites", '[');
    for (size_t i = 0; i < sites->shown; i++)
        json_site(sites, &written, i, json);
    json_close(json, ']');
    stacks_json_end(&written);
}

static void json_process_sites(const struct site_list *sites, const struct log_shown *shown)
{
    struct json *json = shown->json;
    const struct stacks *stacks = sites->stacks;
    json_open(json, NULL, '{');
    json_cstring(json, "schema", SCHEMA);
    json_process(&stacks->log, json);
    json_unsigned(json, "peak_bytes", log_peak(&stacks->log));
    json_unsigned(json, "site_count", sites->count);
    if (shown->family)
        family_json(shown->family, shown->index, json);
    notes_json(stacks, NULL, json);
    json_sites(sites, json);
    json_close(json, '}');
}

/* The first `top`, as far as their shares reach. */
static void choose(struct site_list *sites, size_t top, double least)
{
    const struct row *rows = sites->rows.list;
    sites->list = rows_by(&sites->rows, sites->metric, NULL, &sites->count);
    for (size_t i = 0; metric_adds(sites->metric) && i < sites->count; i++)
        sites->whole = (int64_t)((uint64_t)sites->whole +
                                 (uint64_t)row_metric(&rows[sites->list[i]], sites->metric));
    while (sites->shown < sites->count && sites->shown < top &&
           share_reaches(row_metric(&rows[sites->list[sites->shown]], sites->metric), sites->whole,
                         least))
        sites->shown++;
}

/* By entry of the tree and class: 1 + index of the site that is shown, 0: it is not. To be freed. */
static uint32_t *sites_shown(const struct site_list *sites)
{
    uint32_t *shown = base_alloc((size_t)sites->rows.tree.count * CLASSES, sizeof *shown);
    for (uint32_t i = 0; i < sites->shown; i++) {
        const struct row *site = &sites->rows.list[sites->list[i]];
        shown[(size_t)site->key * CLASSES + site->class] = i + 1;
    }
    return shown;
}

/* The sizes of the sites that are shown, of the figures from `part` up to `end`: `model` is that part's, with its log's tables. */
static void find_sizes_in(struct site_list *sites, const struct selection *selection,
                          const uint32_t *shown, const struct joined_part *part, size_t end,
                          const struct model *model)
{
    const struct model *all = &sites->stacks->model;
    for (size_t e = part->entry; e < end; e++) {
        uint32_t node = all->entries.list[e].node, class = all->entries.list[e].class;
        uint32_t found = node ? shown[(size_t)sites->rows.tree.of_node[node] * CLASSES + class] : 0;
        if (!found || !selection_has(selection, node))
            continue;
        uint32_t in_log = node < part->logged ? node : all->nodes[node].parent;
        sizes_add(&sites->sizes[found - 1], model, in_log - part->node + 1, class);
    }
}

static void find_sizes(struct site_list *sites, const struct filter *filter)
{
    const struct model *model = &sites->stacks->model;
    const struct joined_part alone = {.node = 1, .logged = model->logged};
    uint32_t *shown = sites_shown(sites);
    struct selection selection;
    selection_make(&selection, sites->stacks, filter);
    sites->sizes = base_alloc(sites->shown + 1, sizeof *sites->sizes);
    find_sizes_in(sites, &selection, shown, &alone, model->entries.count, model);
    selection_free(&selection);
    free(shown);
}

/* Are they in the log? Else says so. */
static bool has_sizes(const struct log *log)
{
    if (log->header.sizes)
        return true;
    enum log_origin origin = log->header.origin;
    base_say("sites: %s has no sizes: %s", log->name,
             origin == LOG_OF_PROCESS ? "an earlier version of memtrace wrote it"
             : origin == LOG_MERGED   ? "a log that was merged into it has none"
                                      : "the file that it was imported from has none");
    return false;
}

/* Of several processes: their logs are read again, one at a time, as the sizes of all call sites would be too many to keep. False: a log
 * has none. */
static bool find_sizes_whole(struct site_list *sites, const struct options *options,
                             const struct joined *joined)
{
    uint32_t *shown = sites_shown(sites);
    struct selection selection;
    bool have = true;
    selection_make(&selection, sites->stacks, &options->filter);
    sites->sizes = base_alloc(sites->shown + 1, sizeof *sites->sizes);
    for (size_t i = 0; i < joined->part_count && have; i++) {
        struct log log;
        struct model model = {0};
        if (log_read(&log, joined->parts[i].log) && (have = has_sizes(&log))) {
            log.keeps_tables = true;
            model_make(&model, &log, options->periods);
            size_t end = i + 1 < joined->part_count ? joined->parts[i + 1].entry
                                                    : joined->stacks.model.entries.count;
            find_sizes_in(sites, &selection, shown, &joined->parts[i], end, &model);
        }
        model_free(&model);
        log_close(&log);
    }
    selection_free(&selection);
    free(shown);
    return have;
}

static struct site_list sites_of(const struct stacks *stacks, const struct options *options,
                                 bool rises)
{
    struct query query = {
        .by = BY_SITE, .metrics = rises ? 1u << METRIC_RISE : 0, .filter = options->filter};
    struct site_list sites = {
        .stacks = stacks, .metric = options_metric(options, METRIC_PEAK), .all = options->all};
    fold(stacks, &query, &sites.rows);
    choose(&sites, options_top(options, 20),
           options_min_share(options, options->json ? 0 : SHARE_SHOWN));
    return sites;
}

static void sites_free(struct site_list *sites)
{
    free(sites->sizes);
    free(sites->list);
    rows_free(&sites->rows);
}

static int sites_one(const struct log_shown *shown)
{
    struct stacks stacks;
    const struct options *options = shown->options;
    bool lacks = false;
    if ((options->histogram ? stacks_open_sized : stacks_open_under)(&stacks, shown->file,
                                                                     options->periods, NULL) &&
        stacks_know(&stacks, options->metric) &&
        !(lacks = options->histogram && !has_sizes(&stacks.log))) {
        struct site_list sites = sites_of(&stacks, options, true);
        if (options->histogram)
            find_sizes(&sites, &options->filter);
        if (shown->json) {
            json_process_sites(&sites, shown);
        } else {
            print_sites(&sites);
            notes_print(&stacks, NULL, "", stdout);
        }
        sites_free(&sites);
    }
    int status = lacks ? STATUS_NO : stacks_status(&stacks);
    stacks_close(&stacks);
    return status;
}

/* Of all processes. */
static int sites_whole(const struct options *options)
{
    struct together together;
    if (together_refuses(options, "sites"))
        return STATUS_BAD;
    together_open(&together, options);
    struct site_list sites = sites_of(&together.joined.stacks, options, false);
    bool lacks = options->histogram && !find_sizes_whole(&sites, options, &together.joined);
    if (lacks) {
        together.status = together.status > STATUS_NO ? together.status : STATUS_NO;
    } else if (options->json) {
        struct json json = {.out = stdout};
        together_json_begin(&together, SCHEMA, &json);
        json_unsigned(&json, "peak_sum_bytes", together.family.total.peak);
        json_unsigned(&json, "site_count", sites.count);
        json_sites(&sites, &json);
        json_close(&json, '}');
    } else if (together.family.total.processes) {
        print_sites(&sites);
        together_print_notes(&together, sites.metric == METRIC_PEAK);
    }
    sites_free(&sites);
    int status = together.status;
    together_close(&together);
    return status;
}

int verb_sites(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_sites_about, argc, argv);
    if (status == STATUS_DONE)
        status =
            together_asked(&options) ? sites_whole(&options) : logs_each(&options, true, sites_one);
    options_free(&options);
    return status;
}
