/* SPDX-License-Identifier: MIT */
#include "verbs/out/html_diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "show/metric.h"
#include "show/name.h"
#include "verbs/compare/runs.h"

bool html_diff_usable(const struct options *options)
{
    if (options->process || options->each)
        base_say("html: --process and --each are not for --diff");
    else if (options->log_count < 2 || options->second == options->log_count)
        base_say("html: --diff takes two logs, an old one and a new one");
    else if (options->log_count > 2 && !options->second)
        base_say("html: which of these are old? --diff OLD... -- NEW...");
    else
        return true;
    return false;
}

/* Is part of a process compared? What was held at its peak is known of the last period alone. */
static bool in_periods(const struct options *options)
{
    bool any = options->periods.first || options->periods.last != ALL_PERIODS.last;
    for (size_t i = 0; i < options->log_count && !any; i++)
        any = runs_period(options->logs[i]);
    return any;
}

static char *title_of(const struct both *both)
{
    const char *program = both->first[SIDE_NEW].exe.text;
    char *title = NULL, *exe = base_copy(program ? program : "", program ? strlen(program) : 0);
    const char *base = path_base(exe);
    if (asprintf(&title, "%s, what changed - memtrace", *base ? base : "program") < 0)
        title = base_copy("memtrace", 8);
    free(exe);
    return title;
}

static int add_runs(struct both *both, const struct options *options)
{
    size_t olds = options->log_count - (options->second ? options->second : 1);
    int status = STATUS_DONE;
    for (size_t i = 0; i < options->log_count && status == STATUS_DONE; i++)
        status = runs_add(&both->sides[i < olds ? SIDE_OLD : SIDE_NEW], options->logs[i],
                          options->periods);
    return status;
}

int html_diff(FILE *out, const struct options *options, struct page_options page, bool *whole)
{
    struct both both;
    struct comparing comparing = {
        .by = BY_LINE,
        .metric = options_metric(options, in_periods(options) ? METRIC_ALLOCATED : METRIC_PEAK),
        .filter = options->filter,
        .under = options->under};
    page.metric = comparing.metric;
    both_begin(&both, &comparing);
    both.peak_known = comparing.metric == METRIC_PEAK || !in_periods(options);
    int status = add_runs(&both, options);
    *whole = status == STATUS_DONE;
    if (*whole) {
        both_end(&both, options->logs[options->log_count - 1]);
        char *title = title_of(&both);
        page_begin(out, title);
        free(title);
        page_both(out, &both, &page);
        page_both_end(out, &both, &page);
    }
    for (unsigned s = 0; s < SIDES; s++)
        status = both.sides[s].status > status ? both.sides[s].status : status;
    both_free(&both);
    return status;
}
