/* SPDX-License-Identifier: MIT */
#include "verbs/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/base.h"
#include "resolve/source_map.h"
#include "budget/formats.h"
#include "page/pruned.h"
#include "symbols/find.h"
#include "top/reading.h"

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

size_t values_push_times(const char **words)
{
    words[0] = "now";
    words[1] = "end";
    return 2;
}

size_t values_metrics(const char **words)
{
    return metrics_where(words, any_metric);
}

size_t values_stack_metrics(const char **words)
{
    return metrics_where(words, stack_metric);
}

size_t values_leak_metrics(const char **words)
{
    return metrics_where(words, leak_metric);
}

/* Those that every format has. */
static bool export_metric(enum metric metric)
{
    return page_metric(metric) && metric != METRIC_TEMPORARY && metric != METRIC_SLACK;
}

size_t values_export_metrics(const char **words)
{
    return metrics_where(words, export_metric);
}

size_t values_page_metrics(const char **words)
{
    return metrics_where(words, page_metric);
}

static bool adding_metric(enum metric metric)
{
    return metric == METRIC_PEAK || metric == METRIC_LIVE || metric == METRIC_LEAKED ||
           metric == METRIC_ALLOCATED || metric == METRIC_ALLOCATIONS;
}

size_t values_adding_metrics(const char **words)
{
    return metrics_where(words, adding_metric);
}

size_t values_formats(const char **words)
{
    for (unsigned format = 0; format < FORMATS; format++)
        words[format] = verdict_format_name((enum verdict_format)format);
    return FORMATS;
}

size_t values_report_keys(const char **words)
{
    for (unsigned key = 0; key < BY_SITE; key++)
        words[key] = grouping_name((enum grouping)key);
    return BY_SITE;
}

size_t values_tree_keys(const char **words)
{
    words[0] = grouping_name(BY_LINE);
    words[1] = grouping_name(BY_FUNCTION);
    return 2;
}

static const enum grouping diff_keys[] = {BY_LINE, BY_FUNCTION, BY_SITE, BY_MODULE};
#define DIFF_KEYS (sizeof diff_keys / sizeof diff_keys[0])

size_t values_diff_keys(const char **words)
{
    for (size_t key = 0; key < DIFF_KEYS; key++)
        words[key] = grouping_name(diff_keys[key]);
    return DIFF_KEYS;
}

size_t values_classes(const char **words)
{
    for (unsigned c = 0; c < CLASSES; c++)
        words[c] = class_name(c);
    return CLASSES;
}

size_t values_page_sources(const char **words)
{
    static const char *const names[] = {"none", "lines", "functions"}; /* enum page_source */
    memcpy(words, names, sizeof names);
    return sizeof names / sizeof names[0];
}

size_t values_top_views(const char **words)
{
    for (unsigned view = 0; view < TOP_VIEWS; view++)
        words[view] = top_view_name((enum top_view)view);
    return TOP_VIEWS;
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
    if (options_word(name, word, text, values) == SIZE_MAX)
        return false;
    options->metric = metric_named(word);
    return true;
}

bool take_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, values_metrics);
}

bool take_stack_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, values_stack_metrics);
}

bool take_leak_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, values_leak_metrics);
}

bool take_export_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, values_export_metrics);
}

bool take_page_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, values_page_metrics);
}

bool take_report_key(struct options *options, const char *name, const char *text)
{
    size_t key = options_word(name, text, text, values_report_keys);
    options->by = key == SIZE_MAX ? GROUPINGS : (enum grouping)key;
    return key != SIZE_MAX;
}

bool take_tree_key(struct options *options, const char *name, const char *text)
{
    size_t key = options_word(name, text, text, values_tree_keys);
    options->by = key == 0 ? BY_LINE : key == 1 ? BY_FUNCTION : GROUPINGS;
    return key != SIZE_MAX;
}

bool take_diff_key(struct options *options, const char *name, const char *text)
{
    size_t key = options_word(name, text, text, values_diff_keys);
    options->by = key == SIZE_MAX ? GROUPINGS : diff_keys[key];
    return key != SIZE_MAX;
}

bool take_adding_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, values_adding_metrics);
}

/* --max-KIND */
bool take_max(struct options *options, const char *name, const char *text)
{
    int64_t limit;
    enum budget_kind kind = budget_named(name + strlen("--max-"));
    options->max[kind] = text;
    if (budget_limit(kind, text, &limit))
        return true;
    base_say("%s takes %s, not '%s'", name,
             metric_bytes(budget_metric(kind)) ? AMOUNT_SIZE : AMOUNT_COUNT, text);
    return false;
}

bool take_max_growth(struct options *options, const char *name, const char *text)
{
    double percent;
    options->max_growth = text;
    if (amount_percent(text, &percent))
        return true;
    base_say("%s takes %s, not '%s'", name, AMOUNT_PERCENT, text);
    return false;
}

bool take_baseline(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->baselines[options->baseline_count++] = text;
    return true;
}

bool take_format(struct options *options, const char *name, const char *text)
{
    size_t format = options_word(name, text, text, values_formats);
    options->answer_format = (unsigned)format;
    return format != SIZE_MAX;
}

bool take_fail_above(struct options *options, const char *name, const char *text)
{
    int64_t size;
    double percent;
    options->fail_above = text;
    if (amount_percent(text, &percent) || amount_size(text, &size))
        return true;
    base_say("%s takes %s, or %s, not '%s'", name, AMOUNT_PERCENT, AMOUNT_SIZE, text);
    return false;
}

static bool take_number(const char *name, const char *text, size_t *value)
{
    long number = verb_number(name, text, 1000000000);
    *value = (size_t)number;
    return number >= 0;
}

bool take_top(struct options *options, const char *name, const char *text)
{
    return take_number(name, text, &options->top);
}

bool take_depth(struct options *options, const char *name, const char *text)
{
    return take_number(name, text, &options->depth);
}

bool take_budget(struct options *options, const char *name, const char *text)
{
    return take_number(name, text, &options->budget);
}

bool take_source(struct options *options, const char *name, const char *text)
{
    size_t word = options_word(name, text, text, values_page_sources);
    options->source = (enum page_source)word;
    return word != SIZE_MAX;
}

bool take_view(struct options *options, const char *name, const char *text)
{
    size_t view = options_word(name, text, text, values_top_views);
    options->view = (unsigned)view;
    return view != SIZE_MAX;
}

bool take_process(struct options *options, const char *name, const char *text)
{
    options->process = (int32_t)verb_number(name, text, 1000000000);
    if (!options->process)
        base_say("%s takes a number from 1, not '%s'", name, text);
    return options->process > 0;
}

bool take_repeat(struct options *options, const char *name, const char *text)
{
    options->repeat = verb_number(name, text, 100000);
    if (!options->repeat)
        base_say("%s takes a number from 1, not '%s'", name, text);
    return options->repeat > 0;
}

bool take_timeout(struct options *options, const char *name, const char *text)
{
    options->timeout = verb_number(name, text, 1000000000);
    return options->timeout >= 0;
}

bool take_precision(struct options *options, const char *name, const char *text)
{
    options->precision = (int)verb_number(name, text, 9);
    return options->precision >= 0;
}

bool take_share(struct options *options, const char *name, const char *text)
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

bool take_period(struct options *options, const char *name, const char *text)
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

bool take_class(struct options *options, const char *name, const char *text)
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

bool take_search(struct options *options, const char *name, const char *folder)
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

bool take_sysroot(struct options *options, const char *name, const char *folder)
{
    (void)options;
    if (find_sysroot(folder))
        return true;
    base_say("%s %s: %s", name, folder, strerror(errno));
    return false;
}

bool take_source_map(struct options *options, const char *name, const char *text)
{
    (void)options;
    if (source_map_add(text))
        return true;
    if (errno == ENOSPC)
        base_say("%s: at most %u of them", name, SOURCE_MAPS_MAX);
    else
        base_say("%s %s: this is not OLD=NEW", name, text);
    return false;
}

bool take_delay(struct options *options, const char *name, const char *text)
{
    char *end;
    options->delay = strtod(text, &end);
    if (end != text && !*end && options->delay >= 0.1 && options->delay <= 3600)
        return true;
    base_say("%s takes a number of seconds from 0.1 to 3600, not '%s'", name, text);
    return false;
}
bool take_name(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->names[options->name_count++] = text;
    return true;
}
bool take_header(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->headers[options->header_count++] = text;
    return true;
}

bool take_label(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->labels[options->label_count++] = text;
    return true;
}

bool take_retries(struct options *options, const char *name, const char *text)
{
    options->retries = verb_number(name, text, 100);
    return options->retries >= 0;
}

bool take_suppress(struct options *options, const char *name, const char *text)
{
    (void)name;
    options->suppressions[options->suppression_count++] = text;
    return true;
}
