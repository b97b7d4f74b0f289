/* SPDX-License-Identifier: MIT
 *
 * memtrace html: one file that shows a log in a browser, offline.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/target.h"
#include "page/page.h"
#include "page/pruned.h"
#include "page/redact.h"
#include "page/together.h"
#include "resolve/source_log.h"
#include "show/family.h"
#include "show/metric.h"
#include "show/name.h"
#include "verbs/logs.h"
#include "verbs/out/html_diff.h"
#include "verbs/verbs.h"

const struct verb_about verb_html_about = {
    .name = "html",
    .of = OF_HTML,
    .several = true,
    .may_sides = true,
    .takes = "LOG... | --diff OLD... [--] NEW",
    .intro =
        "One HTML file with everything: summary, curve, flame graph, lines, source. It needs no "
        "network and no other\n"
        "file. Of several logs it has the tree of the processes, all of them as one, and the eight "
        "with the highest\n"
        "peaks each by itself; with --each not all as one.\n\n"
        "With --diff it shows what changed between OLD and NEW: each is a run as of memtrace diff, "
        "and all views have\n"
        "the figures of both, coloured by what grew, shrank, is new or gone.\n",
    .end =
        "The file is LOG with .html in place of .mt, in the current folder. What is too small to "
        "see is folded into\n"
        "rows of others that keep the sums, until the file is small enough; the page says what "
        "was folded. A file that\n"
        "is no such page is not overwritten, unless with --force.\n",
    .example = "memtrace html -o load.html memtrace.python3.4711.mt",
};

#define BUDGET_USUAL 1000u /* kB */
#define PAGES_MOST   8u    /* processes in full */

/* ---- the file ---- */

/* The log's name with .html for .mt, without folders. To be freed. */
static char *usual_name(const char *log)
{
    const char *base = path_base(log);
    size_t length = strlen(base);
    if (length > 3 && !strcmp(base + length - 3, ".mt"))
        length -= 3;
    char *name = base_alloc(length + 6, 1);
    memcpy(name, base, length);
    strcpy(name + length, ".html");
    return name;
}

static bool is_page(const char *name)
{
    char front[sizeof PAGE_MARK] = "";
    FILE *in = fopen(name, "r");
    if (!in)
        return false;
    size_t count = fread(front, 1, sizeof front - 1, in);
    fclose(in);
    return count == sizeof front - 1 ? !memcmp(front, PAGE_MARK, count) : count == 0;
}

/* Where the page may go: false after a message. */
static bool may_write(const char *name, bool force)
{
    struct stat info;
    if (!strcmp(name, "-")) {
        if (!isatty(STDOUT_FILENO))
            return true;
        base_say("html: -o - writes the page to standard output, which is a terminal here");
        return false;
    }
    if (!stat(name, &info) && S_ISREG(info.st_mode) && !force && !is_page(name)) {
        base_say("%s: is there already, and is no page of memtrace html; --force overwrites it",
                 name);
        return false;
    }
    return true;
}

/* ---- the page ---- */

static struct page_options page_options_of(const struct options *options)
{
    struct page_options page = {
        .metric = options_metric(options, METRIC_PEAK),
        .source = options->redact ? SOURCE_NONE : options->source,
        .redact = options->redact,
        .least = options_min_share(options, 0) / 100,
        .budget = 1000 * (options->budget == OPTION_UNSET ? BUDGET_USUAL : options->budget)};
    return page;
}

/* What a page that goes to others should not have, taken out of what was read. */
static void redact(struct view *view)
{
    view->stacks.log.argv.bytes = 0;
    view->stacks.log.name = path_base(view->stacks.log.name);
}

static bool open_log(struct view *view, const char *log, const struct options *options)
{
    if (!view_open(view, log, options->periods, options->under, &options->filter, true))
        return false;
    if (!stacks_know(&view->stacks, options->metric))
        return false;
    if (options->redact)
        redact(view);
    return true;
}

static char *title_of(const struct view *view)
{
    const struct log *log = &view->stacks.log;
    char *exe = base_copy(log->exe.text ? log->exe.text : "", log->exe.bytes), *title = NULL;
    const char *base = path_base(exe);
    int written =
        view->stacks.processes
            ? asprintf(&title, "%s, %zu processes - memtrace", *base ? base : "program",
                       view->stacks.processes)
            : asprintf(&title, "%s, pid %d - memtrace", *base ? base : "program", log->header.pid);
    if (written < 0)
        title = base_copy("memtrace", 8);
    free(exe);
    return title;
}

/* Log `index` of the command line as the page's number `number`. */
static int put_log(FILE *out, const struct options *options, const struct page_options *page,
                   size_t index, size_t number, size_t budget)
{
    struct view view;
    if (open_log(&view, options->logs[index], options))
        page_log(out, &view, number, page, budget);
    int status = stacks_status(&view.stacks);
    view_close(&view);
    return status;
}

static int family_order(const void *a, const void *b, void *context)
{
    const struct family *family = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    uint64_t p = family->members[x].own.peak, q = family->members[y].own.peak;
    return p != q ? (p > q ? -1 : 1) : (x > y) - (x < y);
}

/* The logs that are shown in full, those with the highest peaks first; their number. */
static size_t choose(const struct family *family, size_t *chosen)
{
    size_t count = 0, *all = base_alloc(family->count, sizeof *all);
    for (size_t i = 0; i < family->count; i++)
        if (family->members[i].own.processes)
            all[count++] = i;
    if (count)
        qsort_r(all, count, sizeof *all, family_order, (void *)family);
    count = count < PAGES_MOST ? count : PAGES_MOST;
    memcpy(chosen, all, count * sizeof *all);
    free(all);
    return count;
}

/* What a page has: all logs together, then some of them, or one alone. */
struct plan {
    const struct options *options;
    struct page_options page;
    struct family family;
    size_t chosen[PAGES_MOST], count;
    bool together; /* all of them come first */
    size_t budget; /* of each */
    struct page_together all;
    struct view first;
    int status; /* the highest */
};

static void worse(struct plan *plan, int status)
{
    plan->status = status > plan->status ? status : plan->status;
}

static void put_rest(FILE *out, struct plan *plan)
{
    size_t count = plan->family.count, *which = base_alloc(count, sizeof *which);
    for (size_t i = 0; i < count; i++)
        which[i] = SIZE_MAX;
    for (size_t i = 0; i < plan->count; i++) {
        size_t number = i + plan->together;
        if (number)
            worse(plan,
                  put_log(out, plan->options, &plan->page, plan->chosen[i], number, plan->budget));
        which[plan->chosen[i]] = number;
    }
    page_family(out, &plan->family, which, plan->options->redact);
    free(which);
}

static bool open_together(struct plan *plan)
{
    const struct options *options = plan->options;
    for (size_t i = 0; i < options->log_count; i++) {
        struct stacks stacks;
        if (stacks_open_under(&stacks, options->logs[i], options->periods, options->under))
            page_together_add(&plan->all, &stacks);
        worse(plan, stacks_status(&stacks));
        stacks_close(&stacks);
    }
    bool any = page_together_view(&plan->all, options->logs[0], &options->filter, &plan->first);
    if (options->redact)
        redact(&plan->first);
    return any;
}

/* One log of several is shown alone: what is wrong with the others. */
static void say_unreadable(struct plan *plan)
{
    for (size_t i = 0; i < plan->family.count; i++) {
        struct stacks stacks;
        if (plan->family.members[i].own.processes)
            continue;
        stacks_open(&stacks, plan->options->logs[i], plan->options->periods);
        worse(plan, stacks_status(&stacks));
        stacks_close(&stacks);
    }
}

static bool open_first(struct plan *plan)
{
    const struct options *options = plan->options;
    plan->together = together_asked(options);
    if (options->log_count > 1) {
        family_make(&plan->family, options->logs, options->log_count);
        family_print_earlier(&plan->family, stderr);
        plan->count = choose(&plan->family, plan->chosen);
    }
    plan->together &= plan->count > 1;
    plan->count += !plan->count; /* the first one tells what is wrong */
    plan->budget = plan->page.budget / (plan->count + plan->together);
    if (plan->together)
        return open_together(plan);
    bool any = open_log(&plan->first, options->logs[plan->chosen[0]], options);
    worse(plan, stacks_status(&plan->first.stacks));
    if (any)
        say_unreadable(plan);
    return any;
}

/* Writes the page; false in *whole: there is none. */
static int put_page(FILE *out, const struct options *options, bool *whole)
{
    struct plan plan = {
        .options = options, .page = page_options_of(options), .status = STATUS_DONE};
    *whole = open_first(&plan);
    if (*whole) {
        char *title = title_of(&plan.first);
        page_begin(out, title);
        free(title);
        page_log(out, &plan.first, 0, &plan.page, plan.budget);
        if (options->log_count > 1)
            put_rest(out, &plan);
        page_end(out, &plan.first, &plan.page);
    }
    view_close(&plan.first);
    page_together_free(&plan.all);
    family_free(&plan.family);
    return plan.status;
}

/* The logs of --process alone. False after a message: there is none. */
static bool keep_process(struct options *options)
{
    struct family family;
    size_t kept = 0;
    if (!options->process)
        return true;
    family_make(&family, options->logs, options->log_count);
    for (size_t i = 0; i < family.count; i++) {
        bool wanted = family.members[i].pid == options->process;
        char *log = options->logs[i];
        options->logs[i] = options->logs[kept];
        options->logs[kept] = log;
        kept += wanted;
    }
    family_free(&family);
    for (size_t i = kept ? kept : 1; options->log_cap && i < options->log_count; i++)
        free(options->logs[i]);
    options->log_count = kept ? kept : 1;
    if (!kept)
        base_say("--process %" PRId32 ": none of these logs is of this process", options->process);
    return kept > 0;
}

static int html(const struct options *options)
{
    struct target target;
    bool whole = false;
    char *usual = usual_name(options->logs[options->diff ? options->log_count - 1 : 0]);
    int status = STATUS_BAD;
    const char *name = options->output ? options->output : usual;
    if (may_write(name, options->force)) {
        if (target_open(&target, name, false))
            status = options->diff
                         ? html_diff(target.out, options, page_options_of(options), &whole)
                         : put_page(target.out, options, &whole);
        if (!target_close(&target, whole) && status == STATUS_DONE)
            status = STATUS_BAD;
    }
    if (whole && status == STATUS_DONE && !options->output && isatty(STDERR_FILENO))
        base_say("%s", usual);
    free(usual);
    return status;
}

int verb_html(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_html_about, argc, argv);
    if (status == STATUS_DONE && !page_viewer.head) {
        base_say("html: this memtrace was built without the page: npm, or its packages, could not "
                 "be had then");
        status = STATUS_BAD;
    }
    if (status == STATUS_DONE && options.diff && !html_diff_usable(&options))
        status = verb_usage("html");
    if (status == STATUS_DONE && !options.diff && !keep_process(&options))
        status = STATUS_NO;
    if (status == STATUS_DONE)
        status = html(&options);
    options_free(&options);
    return status;
}
