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
int verb_notebook(int argc, char **argv);
int verb_kernel(int argc, char **argv);
/* What --help prints: the text of it, or, of verbs that read logs, what options_help makes of it. */
extern const char verb_run_help[], verb_memit_help[], verb_notebook_help[], verb_kernel_help[];
extern const struct verb_about verb_report_about, verb_lines_about, verb_sites_about,
    verb_tree_about, verb_leaks_about, verb_timeline_about, verb_html_about, verb_top_about;

#endif
