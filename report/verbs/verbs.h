/* SPDX-License-Identifier: MIT
 *
 * The verbs of the command line. Each takes what stands after `memtrace` (argv[0] is the verb), and
 * returns the exit status, after a message on standard error unless it is STATUS_DONE. Output goes to standard output.
 */
#ifndef VERBS_H
#define VERBS_H

#include "verbs/options.h"

/* Each verb. */
int verb_run(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_lines(int argc, char **argv);
int verb_sites(int argc, char **argv);
int verb_html(int argc, char **argv);
int verb_tree(int argc, char **argv);
int verb_leaks(int argc, char **argv);
int verb_timeline(int argc, char **argv);
int verb_memit(int argc, char **argv);
int verb_top(int argc, char **argv);
int verb_completions(int argc, char **argv);
int verb_notebook(int argc, char **argv);
int verb_kernel(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_bench(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_why(int argc, char **argv);
int verb_merge(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_pack(int argc, char **argv);
int verb_push(int argc, char **argv);
/* Of what options_help makes what --help prints. */
extern const struct verb_about verb_run_about, verb_report_about, verb_lines_about,
    verb_sites_about, verb_tree_about, verb_leaks_about, verb_timeline_about, verb_html_about,
    verb_memit_about, verb_top_about, verb_completions_about, verb_notebook_about,
    verb_kernel_about, verb_diff_about, verb_check_about, verb_bench_about, verb_export_about,
    verb_why_about, verb_merge_about, verb_import_about, verb_pack_about, verb_push_about;

/* The list of all verbs, group by group, in the order of --help. */
struct verb {
    const char *group; /* what stands above it in --help; NULL: the same as of the one before */
    int (*function)(int argc, char **argv);
    const struct verb_about *about;
    const char *what; /* one line; with the verb's name within 80 columns */
};
extern const struct verb verbs[];
extern const size_t verb_count;

/* The options that stand in the place of a verb. */
struct verb_option {
    const char *name;
    char letter;      /* it is also called "-h"; 0: it is not */
    int (*act)(void); /* the exit status */
    const char *what; /* one line */
};
extern const struct verb_option verb_options[];
extern const size_t verb_option_count;

/* The verb of that name, or NULL. */
const struct verb *verb_named(const char *name);
/* The verb or option that `name` is most likely meant to be; NULL: none is near. */
const char *verb_nearest(const char *name);
/* What memtrace --help prints. */
void verbs_help(FILE *out);

#endif
