/* SPDX-License-Identifier: MIT
 *
 * What stands in the log once, however often it is met. Callable with the guard set, in any thread.
 */
#ifndef MT_INTERN_H
#define MT_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

/* Id of a string in the log, which is written when it is first met; 0: no space. `text` should be
 * UTF-8 (the reader replaces anything else); what is longer than 64 KiB is cut. */
uint32_t mt_log_string(const char *text, size_t bytes);

/* Index in FRAME of this frame, which is entered when it is first met; 0: no space. One look-up
 * without a lock if it was met before. */
uint32_t mt_log_frame(enum mt_frame_kind kind, uint32_t owner, uint64_t value);

/* Forget both tables (fork child). */
void mt_log_intern_forget(void);

#endif
