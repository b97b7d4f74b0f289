/* SPDX-License-Identifier: MIT
 *
 * Periods of the log (memtrace.h). Callable with the guard set, in any thread; errno may change.
 * Names are UTF-8 and may be NULL; they are cut at 4 KiB.
 */
#ifndef MT_PERIOD_H
#define MT_PERIOD_H

#include <stdint.h>

/* Begin the next period. Returns its number. */
uint32_t mt_period_begin(const char *name);
/* A name for this instant. `period`: the one that begins now, or 0. */
void mt_period_mark(uint32_t period, const char *name);

/* Another thread of the parent may have been about to begin one (child of a fork). */
void mt_period_forget(void);

#endif
