/* SPDX-License-Identifier: MIT
 *
 * The verbs of the command line. Each takes what stands after `memtrace` (argv[0] is the verb), and
 * returns the exit status, after a message on standard error unless it is STATUS_DONE. Output goes to standard output.
 */
#ifndef VERBS_H
#define VERBS_H

#include <getopt.h>
#include <stdbool.h>

#include "fold/query.h"
#include "read/node.h"

/* Each verb, and what its --help prints. */
int verb_run(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_lines(int argc, char **argv);
int verb_sites(int argc, char **argv);
int verb_memit(int argc, char **argv);
int verb_top(int argc, char **argv);
extern const char verb_run_help[], verb_report_help[], verb_lines_help[], verb_sites_help[];
extern const char verb_memit_help[], verb_top_help[];

/* For an option that getopt_long did not know: says so and returns STATUS_BAD. */
int verb_usage(const char *verb);
/* A number that is an option's argument, 0 <= number <= most; -1 after a message. */
long verb_number(const char *option, const char *text, long most);
/* The figure that --sort names: a metric, or a column by its title, with a hyphen for the blank; METRICS after a message. Call sites have
 * no discarded, usage and executions. */
enum metric verb_sort(const char *verb, const char *text, bool sites);
/* What verbs that read logs have in common. */
struct log_options {
    bool all, json;
    struct periods periods; /* --period */
    const char *under;      /* NULL: everything */
    unsigned classes;       /* as in struct filter */
};
#define LOG_OPTIONS_DEFAULT                                                                        \
    {                                                                                              \
        .periods = ALL_PERIODS                                                                     \
    }
/* Their long options, for getopt_long. --under is listed by the verbs that take it: {"under", required_argument, NULL, 'U'}. */
#define LOG_LONG_OPTIONS                                                                           \
    {"all", no_argument, NULL, 'a'}, {"json", no_argument, NULL, 'J'},                             \
        {"bytes", no_argument, NULL, 'B'}, {"period", required_argument, NULL, 'P'},               \
        {"class", required_argument, NULL, 'C'}, {"search", required_argument, NULL, 'S'},         \
    {                                                                                              \
        "shims", no_argument, NULL, 'H'                                                            \
    }
/* One of them, by its letter; --search, --shims and --bytes are for all logs. STATUS_DONE; STATUS_BAD after a message, verb_usage's if it is none
 * of them. */
int verb_log_option(const char *verb, int option, const char *argument,
                    struct log_options *options);

#endif
