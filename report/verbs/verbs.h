/* SPDX-License-Identifier: MIT
 *
 * The verbs of the command line. Each takes what stands after `memtrace` (argv[0] is the verb), and
 * returns the exit status, after a message on standard error unless it is STATUS_DONE. Output goes to standard output.
 */
#ifndef VERBS_H
#define VERBS_H

#include <getopt.h>

#include "read/node.h"

/* Each verb, and what its --help prints. */
int verb_run(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_lines(int argc, char **argv);
int verb_sites(int argc, char **argv);
int verb_memit(int argc, char **argv);
extern const char verb_run_help[], verb_report_help[], verb_lines_help[], verb_sites_help[];
extern const char verb_memit_help[];

/* For an option that getopt_long did not know: says so and returns STATUS_BAD. */
int verb_usage(const char *verb);
/* A number that is an option's argument, 0 <= number <= most; -1 after a message. */
long verb_number(const char *option, const char *text, long most);
/* A folder of --search, for all logs; false after a message. */
bool verb_search(const char *folder);
/* The periods that the argument of --period names: N, or FIRST-LAST; false after a message. */
bool verb_periods(const char *text, struct periods *periods);

#endif
