/* SPDX-License-Identifier: MIT
 *
 * memtrace diff: what changed between two sides of logs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/base.h"
#include "base/text.h"
#include "compare/show.h"
#include "show/metric.h"
#include "verbs/compare/runs.h"
#include "verbs/verbs.h"

const struct verb_about verb_diff_about = {
    .name = "diff",
    .of = OF_DIFF,
    .sides = true,
    .takes = "OLD NEW, or OLD... -- NEW...",
    .intro = "What grew, what shrank, what is new and what is gone between two logs, the largest "
             "change first; one "
             "sentence if nothing is.\n\n"
             "Each of OLD and NEW is a run: a log, a folder with the logs of a family, which are "
             "added up, or either with @PERIOD behind "
             "it: a period's number, N-M or name. Of several runs on a side only what lies beyond "
             "what runs of one side differ by "
             "among themselves is shown as a change.\n\n"
             "A line stands for what it allocated itself or by way of libraries, so rows add up to "
             "the total. Lines are "
             "matched by name, not by address: one that moved is known by its text, or, where the "
             "source of one side is not "
             "known, by its place in its function.\n\n"
             "What is compared is what was held at the peak (--metric); of periods, what was "
             "allocated.\n",
    .end = "Exit status 1, with --fail-above: it has grown by more.\n",
    .example = "memtrace diff --fail-above 5% old.mt new.mt",
};

#define TOP 20u
/* Rows of less than this share of the whole, in per cent, are not shown where single runs are compared: what differs by chance is mostly
 * less. */
#define SHARE_SINGLE 0.5

/* ---- --fail-above ---- */

static bool above(const struct change *change, const char *limit)
{
    int64_t size;
    double percent;
    if (!change->beyond || change->change <= 0)
        return false;
    if (amount_percent(limit, &percent))
        return 100.0 * (double)change->change > percent * (double)change->of[SIDE_OLD].mean;
    return amount_size(limit, &size) && change->change > size;
}

/* The row that grew most; NULL: none did. */
static const struct change *most_grown(const struct changes *changes, const char *limit)
{
    for (size_t i = 0; i < changes->beyond; i++)
        if (changes->list[i].change > 0 && (!limit || above(&changes->list[i], limit)))
            return &changes->list[i];
    return NULL;
}

static int fail_above(const struct changes_shown *shown, const char *limit)
{
    enum metric metric = shown->comparing->metric;
    const struct changes *changes = shown->changes;
    const struct change *total = &changes->total, *row;
    char grown[TEXT_SIZE_BYTES], old[TEXT_SIZE_BYTES], new[TEXT_SIZE_BYTES], most[TEXT_SIZE_BYTES];
    bool adds = metric_adds(metric);
    if (adds && !above(total, limit))
        return STATUS_DONE;
    row = most_grown(changes, adds ? NULL : limit);
    if (!adds && !row)
        return STATUS_DONE;
    const struct change *failed = adds ? total : row;
    char *name = row ? change_name(shown, row) : NULL;
    base_say("diff: grown by more than %s: %s -> %s %s, %s more%s%s%s%s%s", limit,
             metric_text(old, metric, failed->of[SIDE_OLD].mean),
             metric_text(new, metric, failed->of[SIDE_NEW].mean),
             metric_phrase_of(metric, failed->of[SIDE_NEW].mean),
             metric_text(grown, metric, failed->change), name ? "; most at " : "", name ? name : "",
             name ? " (" : "", name ? metric_text(most, metric, row->change) : "",
             name ? " more)" : "");
    free(name);
    return STATUS_NO;
}

/* ---- all ---- */

static int show(const struct changes_shown *shown, const struct options *options)
{
    if (options->json) {
        struct json json = {.out = stdout};
        json_open(&json, NULL, '{');
        json_cstring(&json, "schema", "memtrace-diff/1");
        changes_json(shown, &json);
        json_close(&json, '}');
    } else {
        changes_print(shown, stdout);
    }
    return options->fail_above ? fail_above(shown, options->fail_above) : STATUS_DONE;
}

static int diff(const struct options *options, const struct comparing *comparing)
{
    struct side sides[SIDES];
    for (unsigned s = 0; s < SIDES; s++)
        side_begin(&sides[s], comparing);
    int status = runs_add_sides(sides, options);
    for (unsigned s = 0; s < SIDES; s++)
        side_end(&sides[s]);
    if (status == STATUS_DONE) {
        struct changes changes;
        changes_make(&changes, sides, comparing);
        double usual = options->json || options->log_count > 2 ? SHARE_SHOWN : SHARE_SINGLE;
        struct changes_shown shown = {.sides = sides,
                                      .comparing = comparing,
                                      .changes = &changes,
                                      .said = {"old", "new"},
                                      .least = options_min_share(options, usual)};
        shown.shown = changes_shown(&changes, options_top(options, TOP), shown.least, options->all);
        status = show(&shown, options);
        changes_free(&changes);
    }
    for (unsigned s = 0; s < SIDES; s++) {
        status = sides[s].status > status ? sides[s].status : status;
        side_free(&sides[s]);
    }
    return status;
}

/* False after a message. */
static bool usable(const struct options *options)
{
    if (options->log_count < 2 || options->second == options->log_count)
        base_say("diff: two logs are needed, an old one and a new one");
    else if (options->log_count > 2 && !options->second)
        base_say("diff: which of these are old? OLD... -- NEW...");
    else
        return true;
    return false;
}

int verb_diff(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_diff_about, argc, argv);
    if (status == STATUS_DONE && !usable(&options))
        status = verb_usage("diff");
    if (status == STATUS_DONE) {
        struct comparing comparing = {.by = options.by == GROUPINGS ? BY_LINE : options.by,
                                      .metric = options_metric(&options, runs_in_periods(&options)
                                                                             ? METRIC_ALLOCATED
                                                                             : METRIC_PEAK),
                                      .filter = options.filter,
                                      .under = options.under,
                                      .all = options.all};
        status = diff(&options, &comparing);
    }
    options_free(&options);
    return status;
}
