/* SPDX-License-Identifier: MIT
 *
 * Reads what stands behind a verb.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/nearest.h"
#include "base/text.h"
#include "verbs/logs.h"
#include "verbs/options.h"

#define LONG_ONLY 256 /* getopt's value of option i without a letter is LONG_ONLY + i */

static const struct option_about *about_of(unsigned of, int value)
{
    for (size_t i = 0; i < option_count; i++)
        if ((option_abouts[i].of & of) &&
            (value == LONG_ONLY + (int)i ||
             (option_abouts[i].letter && value == option_abouts[i].letter)))
            return &option_abouts[i];
    return NULL;
}

/* What getopt_long takes: its letters and its long options. */
struct known {
    char letters[2 * OPTIONS_MOST + 3];
    struct option longs[OPTIONS_MOST + 1];
};

static void known_make(struct known *known, const struct verb_about *verb)
{
    char *letter = known->letters;
    struct option *one = known->longs;
    memset(known, 0, sizeof *known);
    if (verb->program)
        *letter++ = '+'; /* its own options are behind it */
    *letter++ = ':';
    for (size_t i = 0; i < option_count; i++) {
        const struct option_about *about = &option_abouts[i];
        if (!(about->of & verb->of))
            continue;
        *one++ = (struct option){about->name, about->argument ? required_argument : no_argument,
                                 NULL, LONG_ONLY + (int)i};
        if (!about->letter)
            continue;
        *letter++ = about->letter;
        if (about->argument)
            *letter++ = ':';
    }
}

/* "a, b or c", in text[0..room). */
static void join_words(char *text, size_t room, const char *const *words, size_t count,
                       const char *last)
{
    *text = 0;
    for (size_t i = 0, used = 0; i < count && used < room; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? last : ", ";
        used += (size_t)snprintf(text + used, room - used, "%s%s", between, words[i]);
    }
}

/* An option of other verbs: false: it is none. */
static bool refuse_others(const char *verb, const char *bare)
{
    const char *names[OPTION_VERBS];
    char list[256];
    size_t count = 0;
    unsigned of = 0;
    for (size_t i = 0; i < option_count; i++)
        of |= strcmp(option_abouts[i].name, bare) ? 0 : option_abouts[i].of;
    for (unsigned bit = 0; bit < OPTION_VERBS; bit++)
        if (of & 1u << bit)
            names[count++] = option_verbs[bit];
    if (!count)
        return false;
    join_words(list, sizeof list, names, count, " and ");
    base_say("%s: there is no option '--%s'; it is one of %s", verb, bare, list);
    return true;
}

int options_refuse(const char *verb, int refused, char **argv, const struct option *longs)
{
    const char *text = argv[optind - 1], *words[OPTIONS_MOST];
    size_t count = 0;
    if (refused == ':') {
        base_say("%s: %s needs an argument", verb, text);
        return verb_usage(verb);
    }
    bool is_long = text_starts(text, "--");
    char letter[3] = {'-', (char)optopt, 0}, *bare = NULL;
    for (; is_long && longs[count].name && count < sizeof words / sizeof words[0]; count++)
        words[count] = longs[count].name;
    if (is_long)
        bare = base_copy(text + 2, strcspn(text + 2, "="));
    bool needless = false;
    for (size_t i = 0; i < count; i++)
        needless |= !strcmp(words[i], bare);
    const char *near = bare && *bare ? nearest(bare, words, count) : NULL;
    if (needless)
        base_say("%s: --%s takes no argument", verb, bare);
    else if (!bare || !refuse_others(verb, bare))
        base_say("%s: there is no option '%s%s'%s%s%s", verb, is_long ? "--" : letter,
                 is_long ? bare : "", near ? "; did you mean '--" : "", near ? near : "",
                 near ? "'?" : "");
    free(bare);
    return verb_usage(verb);
}

size_t options_word(const char *name, const char *text, const char *typed,
                    size_t (*values)(const char **words))
{
    const char *words[OPTION_VALUES];
    char list[512];
    size_t count = values(words);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(words[i], text))
            return i;
    join_words(list, sizeof list, words, count, " or ");
    const char *near = nearest(typed, words, count);
    base_say("%s takes %s, not '%s'%s%s%s", name, list, typed, near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
    return SIZE_MAX;
}

/* getopt_long takes beginnings of names, too. One that is the whole name of an option of another verb is not to be taken for another
 * option of this one: --by is not --bytes. NULL, or the name. */
static char *of_others(const struct option_about *taken, char **argv)
{
    /* It is the last word, or the argument is. */
    const char *text = argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)];
    char *bare = base_copy(text + 2, strcspn(text + 2, "="));
    if (strcmp(bare, taken->name) != 0)
        for (size_t i = 0; i < option_count; i++)
            if (!strcmp(bare, option_abouts[i].name))
                return bare;
    free(bare);
    return NULL;
}

static bool take(struct options *options, const struct option_about *about, const char *argument)
{
    char name[40];
    snprintf(name, sizeof name, "--%s", about->name);
    if (about->take)
        return about->take(options, name, argument);
    if (about->values && options_word(name, argument, argument, about->values) == SIZE_MAX)
        return false;
    if (about->act)
        about->act();
    else if (about->argument)
        *(const char **)((char *)options + about->flag) = argument;
    else
        *(bool *)((char *)options + about->flag) = true;
    return true;
}

/* For a verb of one log: in place of a folder the log in it. False after a message. */
static bool one_in_folder(struct options *options, const struct verb_about *about)
{
    const char *name = options->logs[0];
    struct stat info;
    if (!*name || stat(name, &info) || !S_ISDIR(info.st_mode))
        return true;
    if (!logs_expand(options))
        return false;
    if (options->log_count > 1)
        base_say("%s: %zu logs are in this folder, and %s is of one of them", name,
                 options->log_count, about->name);
    return options->log_count == 1;
}

int options_read(struct options *options, const struct verb_about *about, int argc, char **argv)
{
    struct known known;
    int value;
    known_make(&known, about);
    *options = (struct options){.periods = ALL_PERIODS,
                                .metric = METRICS,
                                .by = GROUPINGS,
                                .top = OPTION_UNSET,
                                .depth = OPTION_UNSET,
                                .min_share = -1,
                                .source = SOURCE_LINES,
                                .budget = OPTION_UNSET,
                                .retries = -1,
                                .delay = 1,
                                .precision = 1};
    options->names = base_alloc((size_t)argc, sizeof *options->names);
    options->suppressions = base_alloc((size_t)argc, sizeof *options->suppressions);
    options->baselines = base_alloc((size_t)argc, sizeof *options->baselines);
    options->headers = base_alloc((size_t)argc, sizeof *options->headers);
    options->labels = base_alloc((size_t)argc, sizeof *options->labels);
    opterr = 0;
    for (int i = 1; (about->sides || about->may_sides) && i < argc && !options->second; i++)
        if (!strcmp(argv[i], "--")) /* getopt_long moves what stands before it */
            options->second = (size_t)(argc - i - 1);
    while ((value = getopt_long(argc, argv, known.letters, known.longs, NULL)) != -1) {
        const struct option_about *one = about_of(about->of, value);
        if (!one)
            return options_refuse(about->name, value, argv, known.longs);
        char *other = value >= LONG_ONLY ? of_others(one, argv) : NULL;
        if (other) {
            refuse_others(about->name, other);
            free(other);
            return verb_usage(about->name);
        }
        if (!take(options, one, optarg))
            return STATUS_BAD;
    }
    options->logs = argv + optind;
    options->log_count = (size_t)(argc - optind);
    if ((options->log_count && (about->sides || options->diff)) ||
        (!options->log_count && options->list))
        return STATUS_DONE;
    if (options->log_count && about->several)
        return logs_expand(options) ? STATUS_DONE : STATUS_BAD;
    if (options->log_count == 1 && !about->program && !about->word &&
        !one_in_folder(options, about))
        return STATUS_BAD;
    if (options->log_count == 1 || (options->log_count && about->program))
        return STATUS_DONE;
    const char *what = about->program ? "program" : about->word ? about->word : "log";
    base_say(options->log_count ? "%s: one %s at a time" : "%s: which %s?", about->name, what);
    return verb_usage(about->name);
}

void options_free(struct options *options)
{
    for (size_t i = 0; options->log_cap && i < options->log_count; i++)
        free(options->logs[i]);
    if (options->log_cap)
        free(options->logs);
    options->log_cap = 0;
    free(options->names);
    free(options->suppressions);
    free(options->baselines);
    free(options->headers);
    free(options->labels);
    options->names = options->suppressions = options->baselines = NULL;
    options->headers = options->labels = NULL;
}

/* ---- what they mean ---- */

int verb_usage(const char *verb)
{
    fprintf(stderr, "Try 'memtrace %s --help'.\n", verb);
    return STATUS_BAD;
}

long verb_number(const char *option, const char *text, long most)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (!errno && end != text && !*end && value >= 0 && value <= most)
        return value;
    base_say("%s takes a number from 0 to %ld, not '%s'", option, most, text);
    return -1;
}

void options_say_nothing(const struct options *options)
{
    const struct filter *filter = &options->filter;
    struct periods all = ALL_PERIODS;
    bool period = options->periods.first != all.first || options->periods.last != all.last;
    const struct {
        const char *name, *value;
        bool given;
    } of[] = {{"function", filter->function, filter->function},
              {"file", filter->file, filter->file},
              {"module", filter->module, filter->module},
              {"thread", filter->thread, filter->thread},
              {"under", options->under, options->under},
              {"class", NULL, filter->classes},
              {"period", NULL, period}};
    const char *before = "No allocation or release in the log is what ";
    size_t given = 0;
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        if (!of[i].given)
            continue;
        fputs(given++ ? " and " : before, stdout);
        printf("--%s%s", of[i].name, of[i].value ? " " : "");
        if (of[i].value)
            text_put(stdout, of[i].value, strlen(of[i].value), SIZE_MAX);
    }
    if (given)
        printf(" ask%s for.\n", given == 1 ? "s" : "");
    else
        puts("No allocation or release is in the log.");
}

double options_min_share(const struct options *options, double usual)
{
    return options->min_share >= 0 ? options->min_share : options->all ? 0 : usual;
}

enum metric options_metric(const struct options *options, enum metric usual)
{
    return options->metric == METRICS ? usual : options->metric;
}

size_t options_top(const struct options *options, size_t usual)
{
    size_t top = options->top == OPTION_UNSET ? usual : options->top;
    return top ? top : SIZE_MAX;
}
