/* SPDX-License-Identifier: MIT
 *
 * memtrace html: one file that shows a log in a browser, offline.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/target.h"
#include "page/page.h"
#include "page/pruned.h"
#include "page/redact.h"
#include "resolve/source_log.h"
#include "show/metric.h"
#include "show/name.h"
#include "verbs/verbs.h"

const struct verb_about verb_html_about = {
    .name = "html",
    .of = OF_HTML,
    .several = true,
    .intro =
        "One HTML file with everything: summary, curve, flame graph, lines, source. It needs no "
        "network and no other\n"
        "file. Of several logs it has the tree of the processes, and the eight with the highest "
        "peaks in full.\n",
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

/* What a page that goes to others should not have, taken out of what was read. */
static void redact(struct view *view)
{
    view->stacks.log.argv.bytes = 0;
    view->stacks.log.name = path_base(view->stacks.log.name);
}

static bool open_log(struct view *view, const char *log, const struct options *options)
{
    if (!view_open(view, log, options->periods, options->under, &options->filter))
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
    if (asprintf(&title, "%s, pid %d - memtrace", *base ? base : "program", log->header.pid) < 0)
        title = base_copy("memtrace", 8);
    free(exe);
    return title;
}

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

static int put_family(FILE *out, const struct options *options, const struct page_options *page,
                      const size_t *chosen, size_t count, const struct family *family)
{
    int status = STATUS_DONE;
    size_t *which = base_alloc(family->count, sizeof *which);
    for (size_t i = 0; i < family->count; i++)
        which[i] = SIZE_MAX;
    for (size_t i = 1; i < count; i++) {
        int one = put_log(out, options, page, chosen[i], i, page->budget / count);
        status = one > status ? one : status;
    }
    for (size_t i = 0; i < count; i++)
        which[chosen[i]] = i;
    page_family(out, family, which, options->redact);
    free(which);
    return status;
}

/* Writes the page; false in *whole: there is none. */
static int put_page(FILE *out, const struct options *options, bool *whole)
{
    struct page_options page = page_options_of(options);
    struct family family = {0};
    struct view view;
    size_t chosen[PAGES_MOST] = {0}, count = 1;
    if (options->log_count > 1) {
        family_make(&family, options->logs, options->log_count);
        count = choose(&family, chosen);
        count += !count; /* the first one tells what is wrong */
    }
    int status = STATUS_BAD;
    *whole = open_log(&view, options->logs[chosen[0]], options);
    if (*whole) {
        char *title = title_of(&view);
        page_begin(out, title);
        free(title);
        page_log(out, &view, 0, &page, page.budget / count);
        status = stacks_status(&view.stacks);
        if (options->log_count > 1) {
            int more = put_family(out, options, &page, chosen, count, &family);
            status = more > status ? more : status;
        }
        page_end(out, &view, &page);
    } else {
        status = stacks_status(&view.stacks);
    }
    view_close(&view);
    family_free(&family);
    return status;
}

static int html(const struct options *options)
{
    struct target target;
    bool whole = false;
    char *usual = usual_name(options->logs[0]);
    int status = STATUS_BAD;
    const char *name = options->output ? options->output : usual;
    if (may_write(name, options->force)) {
        if (target_open(&target, name, false))
            status = put_page(target.out, options, &whole);
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
    if (status == STATUS_DONE)
        status = html(&options);
    options_free(&options);
    return status;
}
