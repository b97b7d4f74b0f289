/* SPDX-License-Identifier: MIT
 *
 * The tracker begins, for a process or for the child of a fork.
 */
#ifndef MT_START_H
#define MT_START_H

#include <stdbool.h>

extern char mt_program[64];     /* for the log's name and the line at exit */
extern char mt_directory[4096]; /* at start; "" if not known */
extern bool mt_constructed;     /* the constructor has run: what needs the loader may be done */

/* At the process's first event, or in the constructor. `thread_ended`: what is to be called at a thread's end. False: not
 * possible. Guard set. */
bool mt_start(void (*thread_ended)(void *));

/* Before a fork, in the parent; after it, in the child: whose child that is, and what it inherits. */
void mt_start_before_fork(void);
void mt_start_forked(void);

#endif
