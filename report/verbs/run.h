/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

#include "verbs/options.h"

/* Become the program argv[0] with libmemtrace.so preloaded, after checks whether that can be. Returns only when it can't,
 * with the exit status for that, after a message. */
int run_program(char **argv);
/* Could it be traced? STATUS_DONE, or what run_program returns, after a message. */
int run_possible(char **argv);

/* What the options of `memtrace run` say goes to the library by the environment. False after a message. */
bool run_options(const struct options *options);

#endif
