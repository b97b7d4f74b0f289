/* SPDX-License-Identifier: MIT
 *
 * What stands in the log once, however often it is met.
 */
#ifndef MT_INTERN_H
#define MT_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

/* Id of a string in the log, written on first sight; 0: no space. `text` is UTF-8 (anything else is
 * replaced by the reader). */
uint32_t mt_log_string(const char *text, size_t bytes);

/* Index in FRAME of this frame, entered on first sight; 0: no space. Lock-free reads. */
uint32_t mt_log_frame(enum mt_frame_kind kind, uint32_t owner, uint64_t value);

/* Forget both tables (fork child). */
void mt_log_intern_forget(void);

#endif
