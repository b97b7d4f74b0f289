/* SPDX-License-Identifier: MIT
 *
 * memtrace check: do logs keep to budgets?
 */
#include "verbs/compare/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/amount.h"
#include "base/base.h"
#include "budget/formats.h"
#include "read/beside.h"
#include "read/reader.h"
#include "resolve/suppress.h"
#include "verbs/compare/runs.h"
#include "verbs/logs.h"
#include "verbs/verbs.h"

const struct verb_about verb_check_about = {
    .name = "check",
    .of = OF_CHECK,
    .sides = true,
    .takes = "LOG...",
    .intro = "Whether logs keep to budgets: limits of what a process takes at its peak, holds in "
             "the end, leaks, or allocates. Says "
             "which budget is broken, by how much, and the three lines that hold most of it.\n\n"
             "Budgets are options, or stand in a file, for each program and for single functions "
             "and lines; without "
             "either, in the file memtrace.toml of the working folder, if there is one. With "
             "--baseline it is also checked "
             "how much the peak has grown since earlier runs; of several runs on a side, what lies "
             "within their spread is no growth.\n",
    .end = "Exit status: 0 all budgets hold; 1 one is broken; 2 wrong usage, a log or file that "
           "cannot be read, what a budget is about is in no log, or no budget is for any of "
           "these programs.\n",
    .example = "memtrace check --max-peak 200M --max-leaked 0 memtrace.server.4711.mt",
};

#define USUAL_FILE   "memtrace.toml"
#define USUAL_GROWTH 5.0 /* per cent */

struct checking {
    const struct options *options;
    struct budgets budgets;
    struct suppressions suppressions;
    struct verdicts verdicts;
    unsigned char *used; /* by budget */
};

/* ---- which budgets ---- */

static void add_options(struct budgets *budgets, const struct options *options)
{
    for (unsigned kind = 0; kind < BUDGETS; kind++) {
        struct budget budget = {.kind = (enum budget_kind)kind};
        if (options->max[kind] && budget_limit(budget.kind, options->max[kind], &budget.limit))
            budgets_add(budgets, &budget);
    }
}

struct checking *check_begin(const struct options *options, const char *verb)
{
    struct checking *checking = base_alloc(1, sizeof *checking);
    bool good = true, others = options->baseline_count || options->save;
    checking->options = options;
    add_options(&checking->budgets, options);
    for (size_t i = 0; i < options->suppression_count && good; i++)
        good = suppressions_read(&checking->suppressions, options->suppressions[i]);
    const char *file = options->budgets;
    if (!file && !checking->budgets.count && !others && !access(USUAL_FILE, F_OK))
        file = USUAL_FILE;
    if (file && good)
        good = budgets_read(&checking->budgets, file);
    if (good && !checking->budgets.count && !others) {
        base_say(
            "%s: which budget? --max-peak SIZE and the like, --budgets FILE, or a file " USUAL_FILE
            " here",
            verb);
        good = false;
    }
    checking->used = base_alloc(checking->budgets.count + 1, 1);
    if (good)
        return checking;
    check_free(checking);
    return NULL;
}

void check_free(struct checking *checking)
{
    verdicts_free(&checking->verdicts);
    budgets_free(&checking->budgets);
    suppressions_free(&checking->suppressions);
    free(checking->used);
    free(checking);
}

/* ---- logs ---- */

/* Each log of the runs by itself: `judge` adds its verdicts. The highest of stacks_status. */
static int each_log(struct checking *checking, const struct options *logs,
                    void (*judge)(struct checking *checking, const struct stacks *stacks))
{
    int status = STATUS_DONE;
    for (size_t i = 0; i < logs->log_count; i++) {
        struct stacks stacks;
        if (stacks_open(&stacks, logs->logs[i], ALL_PERIODS))
            judge(checking, &stacks);
        int one = stacks_status(&stacks);
        status = one > status ? one : status;
        stacks_close(&stacks);
    }
    return status;
}

static void judge_budgets(struct checking *checking, const struct stacks *stacks)
{
    verdicts_log(&checking->verdicts, stacks, &checking->budgets, &checking->suppressions,
                 checking->used);
}

/* Programs that a file names and that are not among the logs; STATUS_BAD if no budget is for any of them. One for all programs goes
 * unused only where no log could be read, which was said. */
static int say_unused(const struct checking *checking)
{
    const struct budgets *budgets = &checking->budgets;
    bool any = !budgets->count;
    for (size_t i = 0; i < budgets->count; i++)
        any |= (checking->used[i] & BUDGET_USED) || !budgets->list[i].program;
    for (size_t i = 0; i < budgets->count; i++)
        if (!(checking->used[i] & BUDGET_USED) && budgets->list[i].program &&
            (!i || budgets->list[i].program != budgets->list[i - 1].program))
            base_say("%s:%u: none of these logs is of '%s'", budgets->file,
                     (unsigned)budgets->list[i].line, budgets->list[i].program);
    if (!any)
        base_say("check: no budget is for any of these programs");
    return any ? STATUS_DONE : STATUS_BAD;
}

static bool is_missing(const struct checking *checking, size_t i)
{
    return checking->budgets.list[i].at && checking->used[i] == BUDGET_USED;
}

/* One line for all budgets of one table. */
static bool is_said(const struct checking *checking, size_t i)
{
    const struct budget *list = checking->budgets.list, *one = &list[i];
    for (size_t k = 0; k < checking->budgets.count; k++)
        if (is_missing(checking, k) && list[k].line < one->line && !strcmp(list[k].at, one->at) &&
            !strcmp(list[k].program, one->program))
            return true;
    return false;
}

/* What a budget is about and no log has: most likely a name was mistyped, or has changed, and the budget would hold for ever. */
static int say_missing(struct checking *checking)
{
    const struct budgets *budgets = &checking->budgets;
    bool any = false, allowed = checking->options->allow_missing;
    verdicts_settle(&checking->verdicts, checking->used);
    checking->verdicts.missing_allowed = allowed;
    for (size_t i = 0; i < budgets->count; i++) {
        if (!is_missing(checking, i))
            continue;
        any = true;
        if (!is_said(checking, i))
            base_say("%s:%u: nothing in these logs is called '%s'%s", budgets->file,
                     (unsigned)budgets->list[i].line, budgets->list[i].at,
                     allowed ? "" : " (--allow-missing lets it pass)");
    }
    return any && !allowed ? STATUS_BAD : STATUS_DONE;
}

/* ---- growth ---- */

static int judge_growth(struct checking *checking, char *const *logs, size_t count)
{
    const struct options *options = checking->options;
    struct comparing comparing = {.by = BY_LINE, .metric = METRIC_PEAK};
    struct side sides[SIDES];
    int status = STATUS_DONE;
    double percent = USUAL_GROWTH;
    if (options->max_growth)
        amount_percent(options->max_growth, &percent);
    if (options->metric != METRICS)
        comparing.metric = options->metric;
    for (unsigned s = 0; s < SIDES; s++)
        side_begin(&sides[s], &comparing);
    for (size_t i = 0; i < options->baseline_count && status == STATUS_DONE; i++)
        status = runs_add(&sides[SIDE_OLD], options->baselines[i], ALL_PERIODS, true);
    for (size_t i = 0; i < count && status == STATUS_DONE; i++)
        status = runs_add(&sides[SIDE_NEW], logs[i], ALL_PERIODS, false);
    for (unsigned s = 0; s < SIDES; s++)
        side_end(&sides[s]);
    if (status == STATUS_DONE) {
        struct changes changes;
        changes_make(&changes, sides, &comparing);
        struct changes_shown shown = {.sides = sides,
                                      .comparing = &comparing,
                                      .changes = &changes,
                                      .said = {options->baselines[0], logs[0]}};
        verdicts_growth(&checking->verdicts, &shown, percent);
        changes_free(&changes);
    }
    side_free(&sides[SIDE_OLD]);
    side_free(&sides[SIDE_NEW]);
    return status;
}

/* ---- --save ---- */

/* What was measured: a budget of each kind that anything keeps to. */
static int save(struct checking *checking, const struct options *logs)
{
    const struct options *options = checking->options;
    struct checking all = {.options = options, .suppressions = checking->suppressions};
    double percent = USUAL_GROWTH; /* no two runs are the same to the byte */
    for (unsigned kind = 0; kind < BUDGETS; kind++)
        budgets_add(&all.budgets,
                    &(struct budget){.kind = (enum budget_kind)kind, .limit = INT64_MAX});
    all.used = base_alloc(BUDGETS, 1);
    int status = each_log(&all, logs, judge_budgets);
    if (options->max_growth)
        amount_percent(options->max_growth, &percent);
    if (status == STATUS_DONE &&
        !verdicts_save(&all.verdicts, options->save, percent, options->force))
        status = STATUS_BAD;
    verdicts_free(&all.verdicts);
    budgets_free(&all.budgets);
    free(all.used);
    return status;
}

/* ---- children ---- */

static bool is_checked(const struct options *logs, const char *name)
{
    struct stat wanted, one;
    if (stat(name, &wanted))
        return true; /* it has gone meanwhile */
    for (size_t i = 0; i < logs->log_count; i++)
        if (!stat(logs->logs[i], &one) && one.st_ino == wanted.st_ino &&
            one.st_dev == wanted.st_dev)
            return true;
    return false;
}

/* Where two names begin to differ, or the numbers in them do. */
static size_t same_front(const char *a, const char *b)
{
    size_t same = 0;
    while (a[same] && a[same] == b[same])
        same++;
    while (same && (a[same - 1] == '.' || (a[same - 1] >= '0' && a[same - 1] <= '9')))
        same--;
    return same;
}

#define CHILDREN_SHOWN 4u
/* A budget that only the driver's log was held against is easily taken for one of all its processes. */
static void say_children(const struct options *logs, const struct log *log)
{
    size_t count, left = 0, front = strlen(log->name);
    struct beside *list = beside_find(log, &count);
    char *names = base_copy("", 0), *longer;
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind != BESIDE_CHILD || is_checked(logs, list[i].name))
            continue;
        size_t same = same_front(log->name, list[i].name);
        front = same < front ? same : front;
        if (left++ < CHILDREN_SHOWN &&
            asprintf(&longer, "%s%s%s", names, *names ? ", " : "", list[i].name) >= 0) {
            free(names);
            names = longer;
        }
    }
    if (left)
        base_say("check: %s: its children's logs are beside it, and are not looked at: %s%s; "
                 "%.*s*.mt takes them in",
                 log->name, names, left > CHILDREN_SHOWN ? ", ..." : "", (int)front, log->name);
    free(names);
    beside_free(list, count);
}

static void say_each_children(const struct options *logs)
{
    for (size_t i = 0; i < logs->log_count; i++) {
        struct log log;
        if (log_read(&log, logs->logs[i]))
            say_children(logs, &log);
        log_close(&log);
    }
}

/* ---- all ---- */

int check_logs(struct checking *checking, char *const *logs, size_t count, FILE *out)
{
    const struct options *options = checking->options;
    char **copies = base_alloc(count + 1, sizeof *copies);
    memcpy(copies, logs, count * sizeof *copies);
    struct options expanded = {.logs = copies, .log_count = count};
    int status = logs_expand(&expanded) ? STATUS_DONE : STATUS_BAD;
    if (status == STATUS_DONE) {
        logs_say_earlier(expanded.logs, expanded.log_count);
        say_each_children(&expanded);
    }
    if (status == STATUS_DONE && options->save)
        status = save(checking, &expanded);
    if (status == STATUS_DONE && checking->budgets.count) {
        status = each_log(checking, &expanded, judge_budgets);
        int unused = say_unused(checking);
        status = unused > status ? unused : status;
        int missing = say_missing(checking);
        status = missing > status ? missing : status;
    }
    if (options->baseline_count && status != STATUS_BAD) {
        int growth = judge_growth(checking, logs, count);
        status = growth > status ? growth : status;
    }
    options_free(&expanded);
    free(copies);
    if (checking->verdicts.count)
        verdicts_write(&checking->verdicts,
                       options->json ? FORMAT_JSON : (enum verdict_format)options->answer_format,
                       out);
    return status == STATUS_DONE && checking->verdicts.broken ? STATUS_NO : status;
}

int verb_check(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_check_about, argc, argv);
    if (status == STATUS_DONE) {
        struct checking *checking = check_begin(&options, "check");
        status =
            checking ? check_logs(checking, options.logs, options.log_count, stdout) : STATUS_BAD;
        if (checking)
            check_free(checking);
    }
    options_free(&options);
    return status;
}
