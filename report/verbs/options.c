/* SPDX-License-Identifier: MIT */
#include "verbs/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/nearest.h"
#include "base/text.h"
#include "page/pruned.h"
#include "resolve/frames.h"
#include "symbols/find.h"
#include "top/reading.h"

#define ROWS     (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML)
#define TABLES   (OF_REPORT | OF_LINES | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML)
#define STACKS   (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML)
#define FAMILIES (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_TIMELINE | OF_HTML)
#define ALL      (TABLES | OF_TIMELINE | OF_TOP)
#define UNDER    (OF_REPORT | OF_LINES | OF_TREE | OF_HTML)

/* ---- what the options' arguments mean ---- */

static bool metric_of_line(enum metric metric)
{
    return metric == METRIC_DISCARDED || metric == METRIC_USAGE || metric == METRIC_EXECUTIONS;
}

/* The words that an option takes, as option_about.values has them. */
static size_t metrics_where(const char **words, bool (*wanted)(enum metric metric))
{
    size_t count = 0;
    for (unsigned m = 0; m < METRICS; m++)
        if (wanted((enum metric)m))
            words[count++] = metric_name((enum metric)m);
    return count;
}

static bool any_metric(enum metric metric)
{
    return metric < METRICS;
}

static bool stack_metric(enum metric metric)
{
    return !metric_of_line(metric);
}

static bool leak_metric(enum metric metric)
{
    return metric == METRIC_LIVE || metric == METRIC_LEAKED;
}

static bool page_metric(enum metric metric)
{
    bool found = false;
    for (unsigned f = 0; f < PAGE_FIGURES; f++)
        found |= page_figures[f] == metric;
    return found;
}

static size_t metrics(const char **words)
{
    return metrics_where(words, any_metric);
}

static size_t stack_metrics(const char **words)
{
    return metrics_where(words, stack_metric);
}

static size_t leak_metrics(const char **words)
{
    return metrics_where(words, leak_metric);
}

static size_t page_metrics(const char **words)
{
    return metrics_where(words, page_metric);
}

static size_t report_keys(const char **words)
{
    for (unsigned key = 0; key < BY_SITE; key++)
        words[key] = grouping_name((enum grouping)key);
    return BY_SITE;
}

static size_t tree_keys(const char **words)
{
    words[0] = grouping_name(BY_LINE);
    words[1] = grouping_name(BY_FUNCTION);
    return 2;
}

static size_t classes(const char **words)
{
    for (unsigned c = 0; c < CLASSES; c++)
        words[c] = class_name(c);
    return CLASSES;
}

static size_t page_sources(const char **words)
{
    static const char *const names[] = {"none", "lines", "functions"}; /* enum page_source */
    memcpy(words, names, sizeof names);
    return sizeof names / sizeof names[0];
}

static size_t top_views(const char **words)
{
    for (unsigned view = 0; view < TOP_VIEWS; view++)
        words[view] = top_view_name((enum top_view)view);
    return TOP_VIEWS;
}

/* Which of the words `text` is, for which `typed` stands; SIZE_MAX after a message. */
static size_t word_index(const char *name, const char *text, const char *typed,
                         size_t (*values)(const char **words))
{
    const char *words[OPTION_VALUES];
    char list[512];
    size_t count = values(words), used = 0;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(words[i], text))
            return i;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 words[i]);
    const char *near = nearest(typed, words, count);
    base_say("%s takes %s, not '%s'%s%s%s", name, list, typed, near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
    return SIZE_MAX;
}

static bool metric_take(struct options *options, const char *name, const char *text,
                        size_t (*values)(const char **words))
{
    static const struct {
        const char *title;
        enum metric metric;
    } titles[] = {{"at-peak", METRIC_PEAK},
                  {"left", METRIC_LEAKED},
                  {"allocs", METRIC_ALLOCATIONS},
                  {"mem-usage", METRIC_USAGE},
                  {"count", METRIC_EXECUTIONS}};
    const char *word = text;
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (!strcmp(titles[i].title, text))
            word = metric_name(titles[i].metric);
    if (word_index(name, word, text, values) == SIZE_MAX)
        return false;
    options->metric = metric_named(word);
    return true;
}

static bool take_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, metrics);
}

static bool take_stack_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, stack_metrics);
}

static bool take_leak_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, leak_metrics);
}

static bool take_page_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, page_metrics);
}

static bool take_report_key(struct options *options, const char *name, const char *text)
{
    size_t key = word_index(name, text, text, report_keys);
    options->by = key == SIZE_MAX ? GROUPINGS : (enum grouping)key;
    return key != SIZE_MAX;
}

static bool take_tree_key(struct options *options, const char *name, const char *text)
{
    size_t key = word_index(name, text, text, tree_keys);
    options->by = key == 0 ? BY_LINE : key == 1 ? BY_FUNCTION : GROUPINGS;
    return key != SIZE_MAX;
}

static bool take_number(const char *name, const char *text, size_t *value)
{
    long number = verb_number(name, text, 1000000000);
    *value = (size_t)number;
    return number >= 0;
}

static bool take_top(struct options *options, const char *name, const char *text)
{
    return take_number(name, text, &options->top);
}

static bool take_depth(struct options *options, const char *name, const char *text)
{
    return take_number(name, text, &options->depth);
}

static bool take_budget(struct options *options, const char *name, const char *text)
{
    return take_number(name, text, &options->budget);
}

static bool take_source(struct options *options, const char *name, const char *text)
{
    size_t word = word_index(name, text, text, page_sources);
    options->source = (enum page_source)word;
    return word != SIZE_MAX;
}

static bool take_view(struct options *options, const char *name, const char *text)
{
    size_t view = word_index(name, text, text, top_views);
    options->view = (unsigned)view;
    return view != SIZE_MAX;
}

static bool take_process(struct options *options, const char *name, const char *text)
{
    options->process = (int32_t)verb_number(name, text, 1000000000);
    if (!options->process)
        base_say("%s takes a number from 1, not '%s'", name, text);
    return options->process > 0;
}

static bool take_repeat(struct options *options, const char *name, const char *text)
{
    options->repeat = verb_number(name, text, 100000);
    if (!options->repeat)
        base_say("%s takes a number from 1, not '%s'", name, text);
    return options->repeat > 0;
}

static bool take_timeout(struct options *options, const char *name, const char *text)
{
    options->timeout = verb_number(name, text, 1000000000);
    return options->timeout >= 0;
}

static bool take_precision(struct options *options, const char *name, const char *text)
{
    options->precision = (int)verb_number(name, text, 9);
    return options->precision >= 0;
}

static bool take_share(struct options *options, const char *name, const char *text)
{
    char *end;
    errno = 0;
    options->min_share = strtod(text, &end);
    if (end != text && *end == '%')
        end++;
    if (!errno && end != text && !*end && options->min_share >= 0 && options->min_share <= 100)
        return true;
    base_say("%s takes a number from 0 to 100, per cent, not '%s'", name, text);
    return false;
}

static bool take_period(struct options *options, const char *name, const char *text)
{
    struct periods *periods = &options->periods;
    int used = 0, count = sscanf(text, "%9" SCNu32 "%n-%9" SCNu32 "%n", &periods->first, &used,
                                 &periods->last, &used);
    if (count == 1)
        periods->last = periods->first;
    if (count >= 1 && !text[used] && text[0] != ' ' && periods->first <= periods->last)
        return true;
    base_say("%s takes a number, or FIRST-LAST, not '%s'", name, text);
    return false;
}

static bool take_class(struct options *options, const char *name, const char *text)
{
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        unsigned c = 0;
        while (c < CLASSES &&
               (strlen(class_name(c)) != length || strncmp(class_name(c), at, length) != 0))
            c++;
        if (c == CLASSES) {
            base_say("%s takes heap, anonymous, shared, file and reserved, or several of them "
                     "with commas between, not '%s'",
                     name, text);
            return false;
        }
        options->filter.classes |= 1u << c;
        at += length;
        if (!*at)
            return true;
    }
}

static bool take_search(struct options *options, const char *name, const char *folder)
{
    (void)options;
    if (find_search(folder))
        return true;
    if (errno == ENOSPC)
        base_say("%s: at most 16 folders", name);
    else
        base_say("%s %s: %s", name, folder, strerror(errno));
    return false;
}

static bool take_delay(struct options *options, const char *name, const char *text)
{
    char *end;
    options->delay = strtod(text, &end);
    if (end != text && !*end && options->delay >= 0.1 && options->delay <= 3600)
        return true;
    base_say("%s takes a number of seconds from 0.1 to 3600, not '%s'", name, text);
    return false;
}
static bool take_name(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->names[options->name_count++] = text;
    return true;
}
static bool take_suppress(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->suppressions[options->suppression_count++] = text;
    return true;
}

/* ---- the options ---- */

#define FLAG(member) offsetof(struct options, member)

static void act_shims(void)
{
    frames_shims = true;
}

const struct option_about option_abouts[] = {
    {"output", 'o', OF_RUN, "LOG", NULL, FLAG(output), NULL, NULL,
     "name of the log; %p becomes the pid, %e the program's name. A log of that name is replaced; "
     "a folder, or a file that is no log, is refused. Children add a number. Without it: "
     "memtrace.%e.%p.mt in the working folder"},
    {"lines", 'f', OF_RUN, "NAME", take_name, 0, NULL, NULL,
     "count every execution of each line of this Python function: FUNCTION, CLASS.METHOD, "
     "MODULE.FUNCTION, FILE or FILE:FUNCTION. May be given several times"},
    {"min-peak", 0, OF_RUN, "SIZE", NULL, FLAG(min_peak), NULL, NULL,
     "processes whose peak stays below leave no log. Without it: 1M for children; the program "
     "itself always leaves one. 0: every process leaves one"},
    {"repeat", 'r', OF_MEMIT, "N", take_repeat, 0, NULL, NULL, "how often (1); the highest counts"},
    {"timeout", 't', OF_MEMIT, "SECONDS", take_timeout, 0, NULL, NULL,
     "kill a run that takes longer"},
    {"children", 'c', OF_MEMIT, NULL, NULL, FLAG(children), NULL, NULL,
     "add the peaks of the program's children"},
    {"user", 0, OF_KERNEL, NULL, NULL, FLAG(user), NULL, NULL, "for this user (the default)"},
    {"prefix", 0, OF_KERNEL, "DIR", NULL, FLAG(prefix), NULL, NULL,
     "in DIR/share/jupyter, such as a virtual environment's folder"},
    {"name", 0, OF_KERNEL, "NAME", NULL, FLAG(name), NULL, NULL,
     "the kernel's name (memtrace): letters, digits, \".\", \"-\" and \"_\""},
    {"python", 0, OF_KERNEL, "PROGRAM", NULL, FLAG(python), NULL, NULL,
     "its Python, which must have ipykernel (python3)"},
    {"output", 'o', OF_KERNEL, "LOG", NULL, FLAG(output), NULL, NULL,
     "name of the kernels' logs; %p becomes the pid, %e the program's name. Without it: "
     "memtrace.%e.%p.mt in the notebook's folder"},
    {"output", 'o', OF_HTML, "FILE", NULL, FLAG(output), NULL, NULL,
     "the file to write; - is standard output"},
    {"source", 0, OF_HTML, "WHICH", take_source, 0, NULL, page_sources,
     "how much source the page carries: none, lines (those with figures, and six on each side; the "
     "default) or functions (all of them)"},
    {"redact", 0, OF_HTML, NULL, NULL, FLAG(redact), NULL, NULL,
     "leave out what others should not see: the program's arguments, source, and home folders in "
     "paths"},
    {"budget", 0, OF_HTML, "KB", take_budget, 0, NULL, NULL,
     "fold until all data take at most so many kB of the file (1000)"},
    {"force", 0, OF_HTML, NULL, NULL, FLAG(force), NULL, NULL,
     "overwrite FILE even if it is no such page"},
    {"metric", 0, OF_REPORT | OF_LINES, "METRIC", take_metric, 0, NULL, metrics,
     "which figure rows are ranked by and share in: peak (held at the process's peak), live (when "
     "the program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, releases, increment (allocated less released), rise, resident, discarded, usage or "
     "executions"},
    {"metric", 0, OF_SITES | OF_TREE | OF_TOP, "METRIC", take_stack_metric, 0, NULL, stack_metrics,
     "which figure rows are ranked by and share in: peak (held at the process's peak), live (when "
     "the program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, releases, increment (allocated less released), rise or resident"},
    {"metric", 0, OF_LEAKS, "METRIC", take_leak_metric, 0, NULL, leak_metrics,
     "which figure: leaked (left after all destructors) or live (when the program finished, or "
     "now)"},
    {"metric", 0, OF_HTML, "METRIC", take_page_metric, 0, NULL, page_metrics,
     "which figure the page begins with: peak (held at the process's peak), live (when the "
     "program finished, or now), leaked (after all destructors), allocated, allocations or "
     "released; it has the others, too"},
    {"sort", 0, OF_REPORT | OF_LINES, "METRIC", take_metric, 0, NULL, metrics,
     "another name of --metric"},
    {"sort", 0, OF_SITES, "METRIC", take_stack_metric, 0, NULL, stack_metrics,
     "another name of --metric"},
    {"by", 0, OF_REPORT, "KEY", take_report_key, 0, NULL, report_keys,
     "what a row stands for: line, function, file, module, thread or class"},
    {"by", 0, OF_TREE, "KEY", take_tree_key, 0, NULL, tree_keys,
     "what a row stands for: line or function"},
    {"view", 0, OF_TOP, "VIEW", take_view, 0, NULL, top_views,
     "begin with lines (the default), functions, sites, threads, modules or tree"},
    {"delay", 'd', OF_TOP, "SECONDS", take_delay, 0, NULL, NULL,
     "between readings (1); a large log is read less often"},
    {"once", 0, OF_TOP, NULL, NULL, FLAG(once), NULL, NULL,
     "print one screen as text, as wide as the terminal (or COLUMNS) and LINES (24) high"},
    {"own", 0, OF_REPORT, NULL, NULL, FLAG(own), NULL, NULL,
     "rows ranked by what each allocated itself or by way of runtimes, not by what its calls "
     "did: own figures add up"},
    {"inverted", 'i', OF_TREE, NULL, NULL, FLAG(inverted), NULL, NULL,
     "what allocated on top, its callers below"},
    {"depth", 0, OF_TREE, "N", take_depth, 0, NULL, NULL, "no deeper than N rows below the root"},
    {"function", 'f', OF_LINES, "NAME", take_name, 0, NULL, NULL,
     "the table of this function, FILE or FILE:FUNCTION; a glob of functions; may be given several "
     "times"},
    {"function", 0, STACKS, "GLOB", NULL, FLAG(filter.function), NULL, NULL,
     "only stacks that go through such a function"},
    {"file", 0, TABLES, "GLOB", NULL, FLAG(filter.file), NULL, NULL,
     "only stacks that go through such a source file: its path, or the last part of it. Function, "
     "file and module must match at one frame"},
    {"module", 0, TABLES, "GLOB", NULL, FLAG(filter.module), NULL, NULL,
     "only stacks that go through such a program or library"},
    {"thread", 0, TABLES, "GLOB", NULL, FLAG(filter.thread), NULL, NULL,
     "only threads of such a name"},
    {"class", 0, TABLES, "CLASS[,...]", take_class, 0, NULL, classes,
     "only memory of these classes: heap, anonymous, shared, file, reserved (else the first three, "
     "which make up the level). Rises are of the level: there are none with this option"},
    {"period", 0, TABLES, "N[-M]", take_period, 0, NULL, NULL,
     "only what happened in these periods of the process, where the program made some"},
    {"under", 0, UNDER, "FUNCTION", NULL, FLAG(under), NULL, NULL,
     "only what happened under calls of this function, or FILE:FUNCTION, without the frames "
     "further out. Executions are not known then"},
    {"process", 0, FAMILIES, "PID", take_process, 0, NULL, NULL,
     "of several logs only those of this process"},
    {"each", 0, FAMILIES, NULL, NULL, FLAG(each), NULL, NULL,
     "of several logs each process by itself, not all as one"},
    {"top", 'n', ROWS & ~OF_HTML, "N", take_top, 0, NULL, NULL,
     "at most N rows; 0: all. Of a tree: below each row"},
    {"min-share", 0, ROWS | OF_LINES, "PERCENT", take_share, 0, NULL, NULL,
     "leave out rows of less than this share of the whole; what is left out is summed up in a row "
     "of its own"},
    {"all", 'a', (TABLES & ~OF_HTML) | OF_TOP, NULL, NULL, FLAG(all), NULL, NULL,
     "libraries and the interpreter too, not only your own code; rows that show nothing (0.0 %); "
     "of functions all lines"},
    {"suppress", 0, OF_LEAKS, "FILE", take_suppress, 0, NULL, NULL,
     "leave out what the lines of FILE name, in LeakSanitizer's syntax: leak:PATTERN, where * "
     "stands for anything, ^ and $ for the beginning and the end of a function's, file's or "
     "module's name; # begins a comment. May be given several times"},
    {"fail", 0, OF_LEAKS, NULL, NULL, FLAG(fail), NULL, NULL, "exit status 1 if there is a leak"},
    {"mprun", 0, OF_LINES, NULL, NULL, FLAG(mprun), NULL, NULL,
     "memory_profiler's template: Mem usage, Increment, Occurrences, Line Contents. Occurrences "
     "are executions of the line for functions that were named with `memtrace run --lines`, "
     "allocations for others"},
    {"precision", 0, OF_LINES, "N", take_precision, 0, NULL, NULL, "decimals with --mprun (1)"},
    {"bytes", 0, (ALL & ~OF_HTML) | OF_MEMIT, NULL, NULL, 0, text_sizes_exact, NULL,
     "exact sizes, such as 8,000,000 B for 7.63 MiB"},
    {"search", 0, TABLES | OF_TOP, "DIR", take_search, 0, NULL, NULL,
     "look below this folder, too, for programs and libraries that are gone, and for debug "
     "information; they are known by their build-ids. May be given up to 16 times"},
    {"shims", 0, TABLES | OF_TOP, NULL, NULL, 0, act_shims, NULL,
     "allocator shims too, such as operator new and xmalloc (memtrace --rules)"},
    {"csv", 0, OF_TIMELINE, NULL, NULL, FLAG(csv), NULL, NULL, "as comma-separated values"},
    {"json", 0, (ALL & ~(OF_HTML | OF_TOP)) | OF_MEMIT, NULL, NULL, FLAG(json), NULL, NULL,
     "as JSON (SCHEMA.md)"},
};

const size_t option_count = sizeof option_abouts / sizeof option_abouts[0];
_Static_assert(sizeof option_abouts / sizeof option_abouts[0] <= OPTIONS_MOST, "OPTIONS_MOST");
