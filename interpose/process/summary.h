/* SPDX-License-Identifier: MIT
 *
 * The one line at exit, on standard error. It is printed only if that is a terminal or
 * MEMTRACE_SUMMARY asks for it, and never with MEMTRACE_QUIET. Guard set.
 */
#ifndef MT_SUMMARY_H
#define MT_SUMMARY_H

/* At start: decide whether there will be a line, and keep a descriptor for it, since programs close
 * theirs before they end. */
void mt_summary_prepare(void);
/* In the child of a fork: close that descriptor, so that nobody waits for the end of a pipe that we
 * hold open. */
void mt_summary_forget(void);
/* Say that the program is not traced, and why. Under the same conditions. */
void mt_summary_failed(const char *program, const char *reason);
/* Say that the program is not traced because of its sanitizer. Under the same conditions. */
void mt_summary_aside(const char *program);
/* The line, under the same conditions. `directory` is left out at the beginning of the log's path.
 */
void mt_summary_print(const char *program, const char *directory);

#endif
