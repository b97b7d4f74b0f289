/* SPDX-License-Identifier: MIT
 *
 * Periods of the log (memtrace.h).
 */
#ifndef MT_PERIOD_H
#define MT_PERIOD_H

#include <stdint.h>

/* The next one begins; its number. */
uint32_t mt_period_begin(const char *name);
/* A name for this instant. `period`: of the period that begins with it, or 0. */
void mt_period_mark(uint32_t period, const char *name);

/* A period may have been about to begin in another thread of the parent (fork child). */
void mt_period_forget(void);

#endif
