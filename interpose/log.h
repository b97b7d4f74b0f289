/* SPDX-License-Identifier: MIT
 *
 * The log file: regions that grow, mapped MAP_SHARED, each contiguous in memory. See format.h for the layout.
 * Callable inside a hook only (the thread's guard is set), in any thread, unless said otherwise.
 */
#ifndef MT_LOG_H
#define MT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"

/* The regions' memory; entry i of region r is at mt_log.base[r] + i * entry size, if i < reserved entries. */
struct mt_log {
    struct mt_header *header;
    char *base[MT_REGION_COUNT];
    uint64_t bytes[MT_REGION_COUNT]; /* usable bytes of each region's mapping */
};
extern struct mt_log mt_log;

/* Create the log (O_EXCL, O_NOFOLLOW, 0600). False: not possible; the reason was said once on standard error unless quiet. */
bool mt_log_open(void);

/* Reserve `count` consecutive entries of `bytes` each in `region`: the first one's index, 0 if the log cannot grow
 * (then MT_FLAG_FULL is set). Entries are zero. Lock-free unless the region must grow. */
uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count);

/* Append a record (head filled in here), from up to 4 pieces. False: no space. */
struct mt_piece {
    const void *data;
    size_t bytes;
};
bool mt_log_record(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count);

/* Id of a string in the log, written on first sight; 0: no space. `text` is UTF-8 (anything else is replaced by the reader). */
uint32_t mt_log_string(const char *text, size_t bytes);

/* Index in FRAME of this frame, entered on first sight; 0: no space. Lock-free reads. */
uint32_t mt_log_frame(enum mt_frame_kind kind, uint32_t owner, uint64_t value);

/* A note for the report's reader. printf-like, but only %s %u %x %%. */
void mt_log_note(unsigned severity, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
