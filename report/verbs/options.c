/* SPDX-License-Identifier: MIT */
#include "verbs/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/nearest.h"
#include "base/text.h"
#include "resolve/frames.h"
#include "symbols/find.h"

#define ROWS   (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML)
#define TABLES (OF_REPORT | OF_LINES | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML)
#define STACKS (OF_REPORT | OF_SITES | OF_TREE | OF_LEAKS | OF_HTML)
#define ALL    (TABLES | OF_TIMELINE | OF_TOP)
#define UNDER  (OF_REPORT | OF_LINES | OF_TREE | OF_HTML)
#define KEYED  (OF_REPORT | OF_TREE)

/* ---- what the options' arguments mean ---- */

static bool metric_of_line(enum metric metric)
{
    return metric == METRIC_DISCARDED || metric == METRIC_USAGE || metric == METRIC_EXECUTIONS;
}

/* `lines`: also what lines and functions have, but stacks don't. */
static bool metric_take(struct options *options, const char *name, const char *text, bool lines)
{
    static const struct {
        const char *title;
        enum metric metric;
    } titles[] = {{"at-peak", METRIC_PEAK},
                  {"left", METRIC_LEAKED},
                  {"allocs", METRIC_ALLOCATIONS},
                  {"mem-usage", METRIC_USAGE},
                  {"count", METRIC_EXECUTIONS}};
    const char *words[METRICS];
    size_t count = 0;
    options->metric = metric_named(text);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (!strcmp(titles[i].title, text))
            options->metric = titles[i].metric;
    if (options->metric != METRICS && (lines || !metric_of_line(options->metric)))
        return true;
    for (unsigned m = 0; m < METRICS; m++)
        if (lines || !metric_of_line((enum metric)m))
            words[count++] = metric_name((enum metric)m);
    const char *near = nearest(text, words, count);
    base_say("%s takes peak, live, leaked, allocated, allocations, released, releases, increment, "
             "rise, temporary%s, not '%s'%s%s%s",
             name, lines ? ", resident, discarded, usage or executions" : " or resident", text,
             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

static bool take_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, true);
}

static bool take_stack_metric(struct options *options, const char *name, const char *text)
{
    return metric_take(options, name, text, false);
}

static bool take_by(struct options *options, const char *name, const char *text)
{
    options->by = grouping_named(text);
    if (options->by < BY_SITE || options->by == BY_CLASS)
        return true;
    base_say("%s takes line, function, file, module, thread or class, not '%s'", name, text);
    return false;
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
    static const char *const words[] = {"none", "lines", "functions"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(text, words[i])) {
            options->source = (enum page_source)i;
            return true;
        }
    base_say("%s takes none, lines or functions, not '%s'", name, text);
    return false;
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

static const struct about {
    const char *name;
    char letter;          /* 0: none */
    unsigned of;          /* verbs */
    const char *argument; /* NULL: takes none */
    /* What to do with the argument. NULL: it is kept at `flag`; without one `flag` is set, or `act` is called. */
    bool (*take)(struct options *options, const char *name, const char *argument);
    size_t flag;
    void (*act)(void);
    const char *help;
} abouts[] = {
    {"output", 'o', OF_HTML, "FILE", NULL, FLAG(output), NULL,
     "the file to write; - is standard output"},
    {"source", 0, OF_HTML, "WHICH", take_source, 0, NULL,
     "how much source the page carries: none, lines (those with figures, and six on each side; the "
     "default) or functions (all of them)"},
    {"redact", 0, OF_HTML, NULL, NULL, FLAG(redact), NULL,
     "leave out what others should not see: the program's arguments, source, and home folders in "
     "paths"},
    {"budget", 0, OF_HTML, "KB", take_budget, 0, NULL,
     "fold until all data take at most so many kB of the file (1000)"},
    {"force", 0, OF_HTML, NULL, NULL, FLAG(force), NULL,
     "overwrite FILE even if it is no such page"},
    {"metric", 0, OF_REPORT | OF_LINES, "METRIC", take_metric, 0, NULL,
     "which figure rows are ranked by and share in: peak (held at the process's peak), live (when "
     "the program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, releases, increment (allocated less released), rise, temporary (blocks that the "
     "thread which allocated them gave back within its next 8 events), resident, discarded, usage "
     "or executions"},
    {"metric", 0, OF_SITES | OF_TREE | OF_LEAKS | OF_HTML | OF_TOP, "METRIC", take_stack_metric, 0,
     NULL,
     "which figure rows are ranked by and share in: peak (held at the process's peak), live (when "
     "the program finished, or now), leaked (after all destructors), allocated, allocations, "
     "released, releases, increment (allocated less released), rise, temporary (blocks that the "
     "thread which allocated them gave back within its next 8 events) or resident"},
    {"sort", 0, OF_REPORT | OF_LINES, "METRIC", take_metric, 0, NULL, "another name of --metric"},
    {"sort", 0, OF_SITES, "METRIC", take_stack_metric, 0, NULL, "another name of --metric"},
    {"by", 0, KEYED, "KEY", take_by, 0, NULL,
     "what a row stands for: line, function, file, module, thread or class (tree: line or "
     "function)"},
    {"view", 0, OF_TOP, "VIEW", NULL, FLAG(view), NULL,
     "begin with lines (the default), functions, sites, threads, modules or tree"},
    {"delay", 'd', OF_TOP, "SECONDS", take_delay, 0, NULL,
     "between readings (1); a large log is read less often"},
    {"once", 0, OF_TOP, NULL, NULL, FLAG(once), NULL,
     "print one screen as text, as wide as the terminal (or COLUMNS) and LINES (24) high"},
    {"own", 0, OF_REPORT, NULL, NULL, FLAG(own), NULL,
     "rows ranked by what each allocated itself or by way of runtimes, not by what its calls "
     "did: own figures add up"},
    {"inverted", 'i', OF_TREE, NULL, NULL, FLAG(inverted), NULL,
     "what allocated on top, its callers below"},
    {"depth", 0, OF_TREE, "N", take_depth, 0, NULL, "no deeper than N rows below the root"},
    {"function", 'f', OF_LINES, "NAME", take_name, 0, NULL,
     "the table of this function, FILE or FILE:FUNCTION; a glob of functions; may be given several "
     "times"},
    {"function", 0, STACKS, "GLOB", NULL, FLAG(filter.function), NULL,
     "only stacks that go through such a function"},
    {"file", 0, TABLES, "GLOB", NULL, FLAG(filter.file), NULL,
     "only stacks that go through such a source file: its path, or the last part of it. Function, "
     "file and module must match at one frame"},
    {"module", 0, TABLES, "GLOB", NULL, FLAG(filter.module), NULL,
     "only stacks that go through such a program or library"},
    {"thread", 0, TABLES, "GLOB", NULL, FLAG(filter.thread), NULL, "only threads of such a name"},
    {"class", 0, TABLES, "CLASS[,...]", take_class, 0, NULL,
     "only memory of these classes: heap, anonymous, shared, file, reserved (else the first three, "
     "which make up the level). Rises are of the level: there are none with this option"},
    {"period", 0, TABLES, "N[-M]", take_period, 0, NULL,
     "only what happened in these periods of the process, where the program made some"},
    {"under", 0, UNDER, "FUNCTION", NULL, FLAG(under), NULL,
     "only what happened under calls of this function, or FILE:FUNCTION, without the frames "
     "further out. Executions are not known then"},
    {"top", 'n', ROWS & ~OF_HTML, "N", take_top, 0, NULL,
     "at most N rows; 0: all. Of a tree: below each row"},
    {"min-share", 0, ROWS | OF_LINES, "PERCENT", take_share, 0, NULL,
     "leave out rows of less than this share of the whole; what is left out is summed up in a row "
     "of its own"},
    {"all", 'a', (TABLES & ~OF_HTML) | OF_TOP, NULL, NULL, FLAG(all), NULL,
     "libraries and the interpreter too, not only your own code; rows that show nothing (0.0 %); "
     "of functions all lines"},
    {"suppress", 0, OF_LEAKS, "FILE", take_suppress, 0, NULL,
     "leave out what the lines of FILE name, in LeakSanitizer's syntax: leak:PATTERN, where * "
     "stands for anything, ^ and $ for the beginning and the end of a function's, file's or "
     "module's name; # begins a comment. May be given several times"},
    {"fail", 0, OF_LEAKS, NULL, NULL, FLAG(fail), NULL, "exit status 1 if there is a leak"},
    {"mprun", 0, OF_LINES, NULL, NULL, FLAG(mprun), NULL,
     "memory_profiler's template: Mem usage, Increment, Occurrences, Line Contents. Occurrences "
     "are executions of the line for functions that were named with `memtrace run --lines`, "
     "allocations for others"},
    {"histogram", 0, OF_SITES, NULL, NULL, FLAG(histogram), NULL,
     "for each power of two, how many allocations of such a requested size there were"},
    {"precision", 0, OF_LINES, "N", take_precision, 0, NULL, "decimals with --mprun (1)"},
    {"bytes", 0, ALL & ~OF_HTML, NULL, NULL, 0, text_sizes_exact,
     "exact sizes, such as 8,000,000 B for 7.63 MiB"},
    {"search", 0, TABLES | OF_TOP, "DIR", take_search, 0, NULL,
     "look below this folder, too, for programs and libraries that are gone, and for debug "
     "information; they are known by their build-ids. May be given up to 16 times"},
    {"shims", 0, TABLES | OF_TOP, NULL, NULL, 0, act_shims,
     "allocator shims too, such as operator new and xmalloc (memtrace --rules)"},
    {"csv", 0, OF_TIMELINE, NULL, NULL, FLAG(csv), NULL, "as comma-separated values"},
    {"json", 0, ALL & ~(OF_HTML | OF_TOP), NULL, NULL, FLAG(json), NULL, "as JSON (SCHEMA.md)"},
};
#define ABOUTS    (sizeof abouts / sizeof abouts[0])
#define LONG_ONLY 256 /* getopt's value of option i without a letter is LONG_ONLY + i */

/* ---- reading them ---- */

static const struct about *about_of(unsigned of, int value)
{
    for (size_t i = 0; i < ABOUTS; i++)
        if ((abouts[i].of & of) &&
            (value == LONG_ONLY + (int)i || (abouts[i].letter && value == abouts[i].letter)))
            return &abouts[i];
    return NULL;
}

/* What getopt_long takes: its letters and its long options. */
struct known {
    char letters[2 * ABOUTS + 2];
    struct option longs[ABOUTS + 1];
};

static void known_make(struct known *known, unsigned of)
{
    char *letter = known->letters;
    struct option *one = known->longs;
    memset(known, 0, sizeof *known);
    *letter++ = ':';
    for (size_t i = 0; i < ABOUTS; i++) {
        const struct about *about = &abouts[i];
        if (!(about->of & of))
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

int options_refuse(const char *verb, int refused, char **argv, const struct option *longs)
{
    const char *text = argv[optind - 1], *words[64];
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
    else
        base_say("%s: there is no option '%s%s'%s%s%s", verb, is_long ? "--" : letter,
                 is_long ? bare : "", near ? "; did you mean '--" : "", near ? near : "",
                 near ? "'?" : "");
    free(bare);
    return verb_usage(verb);
}

static bool take(struct options *options, const struct about *about, const char *argument)
{
    char name[40];
    snprintf(name, sizeof name, "--%s", about->name);
    if (about->take)
        return about->take(options, name, argument);
    if (about->act)
        about->act();
    else if (about->argument)
        *(const char **)((char *)options + about->flag) = argument;
    else
        *(bool *)((char *)options + about->flag) = true;
    return true;
}

int options_read(struct options *options, const struct verb_about *about, int argc, char **argv)
{
    struct known known;
    int value;
    known_make(&known, about->of);
    *options = (struct options){.periods = ALL_PERIODS,
                                .metric = METRICS,
                                .by = GROUPINGS,
                                .top = OPTION_UNSET,
                                .depth = OPTION_UNSET,
                                .min_share = -1,
                                .source = SOURCE_LINES,
                                .budget = OPTION_UNSET,
                                .delay = 1,
                                .precision = 1};
    options->names = base_alloc((size_t)argc, sizeof *options->names);
    options->suppressions = base_alloc((size_t)argc, sizeof *options->suppressions);
    opterr = 0;
    while ((value = getopt_long(argc, argv, known.letters, known.longs, NULL)) != -1) {
        const struct about *one = about_of(about->of, value);
        if (!one)
            return options_refuse(about->name, value, argv, known.longs);
        if (!take(options, one, optarg))
            return STATUS_BAD;
    }
    options->logs = argv + optind;
    options->log_count = (size_t)(argc - optind);
    if (options->log_count == 1 || (options->log_count && about->several))
        return STATUS_DONE;
    base_say(options->log_count ? "%s: one log at a time" : "%s: which log?", about->name);
    return verb_usage(about->name);
}

void options_free(struct options *options)
{
    free(options->names);
    free(options->suppressions);
    options->names = options->suppressions = NULL;
}

/* ---- what --help prints ---- */

#define HELP_COLUMNS 80u
#define HELP_TEXT    26u

/* Words, wrapped, beginning in column `at`, each line. */
static void help_text(FILE *out, const char *text, size_t bytes, size_t at)
{
    const size_t indent = at;
    const char *end = text + bytes;
    for (bool first = true; text < end; first = false) {
        size_t length = strcspn(text, " \n");
        if (!first && at + 1 + length > HELP_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        at += fwrite(text, 1, length, out);
        text += length + (text[length] == ' ' || text[length] == '\n');
    }
    fputc('\n', out);
}

/* Paragraphs, with an empty line between two; those that begin with a blank are tables, and stay as they are. */
static void help_paragraphs(FILE *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t bytes = end ? (size_t)(end - text) : strlen(text);
        if (*text == ' ')
            fprintf(out, "%.*s%s", (int)bytes, text, bytes && text[bytes - 1] == '\n' ? "" : "\n");
        else
            help_text(out, text, bytes - (bytes && text[bytes - 1] == '\n'), 0);
        text += bytes;
        if (*text)
            fputc('\n', out);
        text += strspn(text, "\n");
    }
}

void options_help(const struct verb_about *about, FILE *out)
{
    fprintf(out, "usage: memtrace %s [OPTION...] %s%s\n\n", about->name,
            about->takes ? about->takes : "LOG", about->several ? "..." : "");
    help_paragraphs(out, about->intro);
    fputc('\n', out);
    for (size_t i = 0; i < ABOUTS; i++) {
        const struct about *one = &abouts[i];
        char left[64], letter[8] = "    ";
        if (!(one->of & about->of))
            continue;
        if (one->letter)
            snprintf(letter, sizeof letter, "-%c, ", one->letter);
        int used = snprintf(left, sizeof left, "  %s--%s%s%s", letter, one->name,
                            one->argument ? " " : "", one->argument ? one->argument : "");
        if ((size_t)used + 2 > HELP_TEXT)
            fprintf(out, "%s\n%*s", left, (int)HELP_TEXT, "");
        else
            fprintf(out, "%-*s", (int)HELP_TEXT, left);
        help_text(out, one->help, strlen(one->help), HELP_TEXT);
    }
    if (*about->end)
        fputc('\n', out);
    help_paragraphs(out, about->end);
    fprintf(out, "\nexample:\n  %s\n", about->example);
}
