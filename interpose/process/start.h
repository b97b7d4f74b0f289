/* SPDX-License-Identifier: MIT
 *
 * The tracker begins, for a process or for the child of a fork.
 */
#ifndef MT_START_H
#define MT_START_H

#include <stdbool.h>

extern char mt_program[64];     /* the program's name: for the log's name and the line at exit */
extern char mt_directory[4096]; /* the working directory at start; "": not known */
extern bool mt_constructed;     /* the constructor has run: what needs the loader may be done */

/* Start the tracker, at the process's first event or in the constructor; guard set. `thread_ended`
 * is to be called when a thread ends (tables/slots.h). False: not possible, or another thread is
 * starting it. */
bool mt_start(void (*thread_ended)(void *));

/* Note before a fork, in the parent, and after it, in the child, whose child that is and what it
 * inherits; after it in the parent, that this is over. By the thread that forks; no guard needed. */
void mt_start_before_fork(void);
void mt_start_after_fork(void);
void mt_start_forked(void);

#endif
