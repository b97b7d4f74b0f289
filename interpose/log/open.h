/* SPDX-License-Identifier: MIT
 *
 * The log is made, gets its name, and ends. Callable with the guard set, by one thread at a time
 * unless said otherwise.
 */
#ifndef MT_LOG_OPEN_H
#define MT_LOG_OPEN_H

#include <stdbool.h>

/* Create the log as MEMTRACE_OUTPUT says, mode 0600, never over another file nor through a link; in
 * /tmp if that is not possible. A relative name is one in `directory` (NULL: the present one), and
 * `program` stands for %e. `describe` fills the header, before the file gets its name; it is called
 * once for each file that is tried. False: not possible, and mt_log_error() says why. */
bool mt_log_open(const char *directory, const char *program, void (*describe)(void));

/* Give the log its name if it has none and the peak has reached MEMTRACE_MIN_PEAK, or `now`. For
 * seldom moments, like a sample of the timeline. Any thread. */
void mt_log_name(bool now);
/* Whether the log has its name. If not, there may never be one. Any thread, no lock. */
bool mt_log_named(void);
/* The process ends. False: the peak was too low, so there is no log. */
bool mt_log_end(void);

/* Why mt_log_open failed: a text for people. Constant. */
const char *mt_log_error(void);

/* Why the log is in /tmp and not where it should be; NULL: it is where it should be. Constant. */
const char *mt_log_elsewhere(void);

/* The log's path as created, "" if there is none. */
const char *mt_log_path(void);

#endif
