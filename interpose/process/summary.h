/* SPDX-License-Identifier: MIT
 *
 * The one line at exit, on standard error: only when that is a terminal or MEMTRACE_SUMMARY asks
 * for it, never with MEMTRACE_QUIET.
 */
#ifndef MT_SUMMARY_H
#define MT_SUMMARY_H

/* At start: decide whether there will be a line, and keep a descriptor for it (programs close
 * theirs before they end). */
void mt_summary_prepare(void);
/* In the child of a fork: give the descriptor back, so that nobody waits for the end of a pipe that
 * we hold open. */
void mt_summary_forget(void);
/* The program is not traced, and why. Under the same conditions. */
void mt_summary_failed(const char *program, const char *reason);
/* The program is not traced because of its sanitizer. Under the same conditions. */
void mt_summary_aside(const char *program);
void mt_summary_print(const char *program, const char *directory);

#endif
