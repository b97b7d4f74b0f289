/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

/* Become the program argv[0] with libmemtrace.so preloaded, after checks whether that can be. Returns only when it can't,
 * with the exit status for that, after a message. */
int run_program(char **argv);

#endif
