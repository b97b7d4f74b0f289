/* SPDX-License-Identifier: MIT
 *
 * Programs that are not traced, because their loader can't load this library (loader/foreign_program.h), or because they are executed
 * in an environment that does not preload it (env -i, sudo): the log of the process that started them says so, and the line at exit.
 */
#ifndef MT_UNTRACED_H
#define MT_UNTRACED_H

#include <stdbool.h>
#include <stddef.h>

/* With a new log: nothing was counted. */
void mt_untraced_begin(void);
/* `path` is about to be executed without us. Any thread, also in the child of a fork or vfork; no lock. */
void mt_untraced_count(const char *path);
/* When the process ends, or goes on as another program: take into the log what fork children without logs counted. No lock. */
void mt_untraced_gather(void);

/* Whether `path` is about to be executed in an environment that lacks this library, though that is how this process got it. Not so
 * where MEMTRACE_UNTRACED is in it: somebody knows. No lock, no allocation. */
bool mt_untraced_left_out(const char *path, char *const environment[]);

/* The bytes that mt_untraced_environment needs; 0: the environment does not preload this library. */
size_t mt_untraced_room(char *const environment[]);
/* A copy of the environment without this library in LD_PRELOAD, in `room`, aligned for pointers; texts but that one stay the caller's. */
char **mt_untraced_environment(void *room, char *const environment[]);

#endif
