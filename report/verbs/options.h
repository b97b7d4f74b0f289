/* SPDX-License-Identifier: MIT
 *
 * One vocabulary: the options of all verbs. They are described once, in options.c: what is parsed, what --help prints and, by way of
 * that, what the man pages explain (scripts/man), and what a shell completes are made from it, so that they can't disagree.
 *
 * A new option: a line in options.c's table and a member here. A new verb: its bit here, a struct verb_about where the verb is.
 */
#ifndef VERBS_OPTIONS_H
#define VERBS_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "budget/budget.h"
#include "fold/query.h"
#include "page/tables.h"
#include "read/node.h"

/* Which verbs an option is for. */
enum {
    OF_REPORT = 1u << 0,
    OF_LINES = 1u << 1,
    OF_SITES = 1u << 2,
    OF_TREE = 1u << 3,
    OF_LEAKS = 1u << 4,
    OF_TIMELINE = 1u << 5,
    OF_HTML = 1u << 6,
    OF_TOP = 1u << 7,
    OF_RUN = 1u << 8,
    OF_MEMIT = 1u << 9,
    OF_KERNEL = 1u << 10,
    OF_DIFF = 1u << 11,
    OF_CHECK = 1u << 12,
    OF_BENCH = 1u << 13,
    OF_EXPORT = 1u << 20,
    OF_WHY = 1u << 21,
    OF_MERGE = 1u << 24,
    OF_IMPORT = 1u << 25,
    OF_PACK = 1u << 26,
    OF_PUSH = 1u << 27
};
#define OPTION_VERBS 32u
/* The verb's name, by the number of its bit. */
extern const char *const option_verbs[OPTION_VERBS];

#define OPTION_UNSET SIZE_MAX

/* What was asked for; a verb looks at what its options can set. */
struct options {
    bool all, json, csv, own, inverted, fail, mprun, redact, force, once, children, each, histogram,
        diff;
    struct periods periods;
    const char *under;    /* NULL: everything */
    unsigned view;        /* enum top_view */
    double delay;         /* seconds */
    struct filter filter; /* without --class: classes 0 */
    enum metric metric;   /* METRICS: not given */
    enum grouping by;     /* GROUPINGS: not given */
    size_t top;           /* 0: all; OPTION_UNSET */
    size_t depth;         /* OPTION_UNSET */
    double min_share;     /* per cent; less than 0: not given */
    int precision;
    long repeat, timeout;                     /* of memit, bench and push, 0: not given; seconds */
    const char *min_peak;                     /* NULL: not given */
    const char *output;                       /* NULL: not given */
    const char *format, *table;               /* of export; NULL: not given */
    bool no_source;                           /* of pack */
    const char *to, *tenant, *service, *time; /* of push; NULL: not given */
    const char **headers, **labels;
    size_t header_count, label_count;
    long retries; /* less than 0: not given */
    bool dry_run;
    bool list, threads;                 /* of export */
    bool user;                          /* of kernel, as the next three */
    const char *prefix, *name, *python; /* NULL: not given */
    enum page_source source;            /* SOURCE_LINES: not given */
    size_t budget;                      /* kB; OPTION_UNSET */
    /* What was given several times: functions and files of `lines` and `run`, files of suppressions. */
    const char **names, **suppressions;
    size_t name_count, suppression_count;
    char **logs; /* the arguments that are no options: logs, or a program and what it is given */
    size_t log_count, log_cap; /* cap: not 0 where the list and its texts are to be freed */
    int32_t process;           /* 0: not given */
    const char *fail_above;    /* of diff; NULL: not given */
    /* Of check, and of run with --check; texts that have been looked at. NULL: not given. */
    const char *max[BUDGETS], *max_growth, *budgets, *save;
    unsigned answer_format; /* enum verdict_format */
    const char **baselines;
    size_t baseline_count;
    bool check, show_output, allow_missing;
    size_t
        second; /* of logs, where a verb takes those of two sides: those behind "--"; 0: there was none */
};

/* The one description of all options. */
#define OPTION_VALUES 32u  /* the most words that an option takes */
#define OPTIONS_MOST  112u /* the most that there are */

struct option_about {
    const char *name;
    char letter; /* 0: none */
    unsigned of; /* verbs */
    /* NULL: takes none. LOG and FILE name files, DIR a folder; one that ends in [,...] takes a list. */
    const char *argument;
    /* What to do with the argument. NULL: it is kept at `flag`, if it is one of its words; without one `flag` is set, or `act` is called. */
    bool (*take)(struct options *options, const char *name, const char *argument);
    size_t flag;
    void (*act)(void);
    /* The words that the argument may be, in words[0..OPTION_VALUES); their number. NULL: it may be anything. */
    size_t (*values)(const char **words);
    const char *help;
};

extern const struct option_about option_abouts[];
extern const size_t option_count;

/* ---- what options.c puts into its table: options_take.c ---- */

/* Each is an option_about.take: `name` is the option's. False after a message. */
bool take_metric(struct options *options, const char *name, const char *text);
bool take_stack_metric(struct options *options, const char *name, const char *text);
bool take_leak_metric(struct options *options, const char *name, const char *text);
bool take_page_metric(struct options *options, const char *name, const char *text);
bool take_export_metric(struct options *options, const char *name, const char *text);
bool take_report_key(struct options *options, const char *name, const char *text);
bool take_diff_key(struct options *options, const char *name, const char *text);
bool take_max(struct options *options, const char *name, const char *text);
bool take_max_growth(struct options *options, const char *name, const char *text);
bool take_baseline(struct options *options, const char *name, const char *text);
bool take_format(struct options *options, const char *name, const char *text);
bool take_adding_metric(struct options *options, const char *name, const char *text);
bool take_fail_above(struct options *options, const char *name, const char *text);
bool take_tree_key(struct options *options, const char *name, const char *text);
bool take_top(struct options *options, const char *name, const char *text);
bool take_depth(struct options *options, const char *name, const char *text);
bool take_budget(struct options *options, const char *name, const char *text);
bool take_source(struct options *options, const char *name, const char *text);
bool take_view(struct options *options, const char *name, const char *text);
bool take_process(struct options *options, const char *name, const char *text);
bool take_repeat(struct options *options, const char *name, const char *text);
bool take_timeout(struct options *options, const char *name, const char *text);
bool take_precision(struct options *options, const char *name, const char *text);
bool take_share(struct options *options, const char *name, const char *text);
bool take_period(struct options *options, const char *name, const char *text);
bool take_class(struct options *options, const char *name, const char *text);
bool take_source_map(struct options *options, const char *name, const char *text);
bool take_sysroot(struct options *options, const char *name, const char *folder);
bool take_search(struct options *options, const char *name, const char *text);
bool take_delay(struct options *options, const char *name, const char *text);
bool take_name(struct options *options, const char *name, const char *text);
bool take_suppress(struct options *options, const char *name, const char *text);
bool take_header(struct options *options, const char *name, const char *text);
bool take_label(struct options *options, const char *name, const char *text);
bool take_retries(struct options *options, const char *name, const char *text);

/* Each is an option_about.values. */
size_t values_metrics(const char **words);
size_t values_stack_metrics(const char **words);
size_t values_leak_metrics(const char **words);
size_t values_page_metrics(const char **words);
size_t values_export_metrics(const char **words);
size_t values_report_keys(const char **words);
size_t values_formats(const char **words);
size_t values_adding_metrics(const char **words);
size_t values_diff_keys(const char **words);
size_t values_tree_keys(const char **words);
size_t values_classes(const char **words);
size_t values_page_sources(const char **words);
size_t values_top_views(const char **words);
size_t values_push_times(const char **words);

/* ---- verbs ---- */

/* A verb: its --help, but for the options. */
struct verb_about {
    const char *name;
    unsigned of;              /* its bit; 0: has no options */
    bool several;             /* takes several logs */
    bool program;             /* takes a program and its arguments instead */
    bool sides;               /* takes logs of two sides, and leaves folders as they are */
    bool may_sides;           /* does so with --diff */
    const char *const *words; /* takes one of these words instead; NULL behind the last */
    const char *word;         /* what it takes is called so in messages; NULL: log */
    const char *takes;        /* what it takes, for the usage; NULL: LOG */
    const char *intro;        /* what it shows; wrapped when it is printed */
    const char *end;          /* what stands behind the options; "" */
    const char *example;
};

/* Read argv, whose [0] is the verb. STATUS_DONE; STATUS_BAD after a message. options_free in any case. */
int options_read(struct options *options, const struct verb_about *about, int argc, char **argv);
void options_free(struct options *options);
/* What --help prints. */
void options_help(const struct verb_about *about, FILE *out);

/* Which of the words of `values` the text is, for which `typed` stands; SIZE_MAX after a message with all of them. */
size_t options_word(const char *name, const char *text, const char *typed,
                    size_t (*values)(const char **words));
/* After a message: where to read on. STATUS_BAD. */
int verb_usage(const char *verb);
/* A number that is an option's argument, 0 <= number <= most; -1 after a message. */
long verb_number(const char *option, const char *text, long most);
/* Says of argv[optind - 1], which getopt_long refused, what is wrong with it and which of `longs` is meant; STATUS_BAD. `refused`:
 * what getopt_long returned, '?' or ':', with opterr 0 and ':' at the beginning of its letters. */
int options_refuse(const char *verb, int refused, char **argv, const struct option *longs);

/* Says on standard output that there is nothing to show: in the log, or of what these options ask for. */
void options_say_nothing(const struct options *options);
/* The least share of the whole that a row must have to be shown, per cent; `usual`: where --min-share is not given. With --all: 0. */
double options_min_share(const struct options *options, double usual);
/* The figure that is shown; `usual`: where --metric is not given. */
enum metric options_metric(const struct options *options, enum metric usual);
/* The number of rows that are shown, SIZE_MAX: all; `usual`: where --top is not given. */
size_t options_top(const struct options *options, size_t usual);

#endif
