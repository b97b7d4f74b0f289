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

int html_diff(FILE *out, const struct options *options, struct page_options page, bool *whole)
{
    struct both both;
    struct comparing comparing = {
        .by = BY_LINE,
        .metric =
            options_metric(options, runs_in_periods(options) ? METRIC_ALLOCATED : METRIC_PEAK),
        .filter = options->filter,
        .under = options->under};
    page.metric = comparing.metric;
    both_begin(&both, &comparing);
    both.peak_known = comparing.metric == METRIC_PEAK || !runs_in_periods(options);
    int status = runs_add_sides(both.sides, options);
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
