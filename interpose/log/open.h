/* SPDX-License-Identifier: MIT
 *
 * The log is made, gets its name, and ends.
 */
#ifndef MT_LOG_OPEN_H
#define MT_LOG_OPEN_H

#include <stdbool.h>

/* Create the log (never over another file nor through a link, 0600) as MEMTRACE_OUTPUT says: a relative name is one in
 * `directory` (NULL: the present one), `program` stands for %e; in /tmp if that cannot be written.
 * It gets its name after `describe`, which fills the header; that may be called more than once, each time for a new file.
 * False: not possible; mt_log_error() says why. */
bool mt_log_open(const char *directory, const char *program, void (*describe)(void));

/* With MEMTRACE_MIN_PEAK: give the log its name, if the peak is high enough by now or `now`. Seldom: at a sample of the timeline. */
void mt_log_name(bool now);
/* The process ends. False: its log goes, the peak was too low. */
bool mt_log_end(void);

/* Why mt_log_open failed: a text for people. */
const char *mt_log_error(void);

/* The log's path as created, "" if there is none. */
const char *mt_log_path(void);

#endif
