/* SPDX-License-Identifier: MIT
 *
 * The log file: regions that grow, mapped MAP_SHARED, each contiguous in memory. See format.h for
 * the layout. Callable inside a hook only (the thread's guard is set), in any thread, unless said
 * otherwise.
 */
#ifndef MT_LOG_H
#define MT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "format.h"

/* The regions' memory; entry i of region r is at mt_log.base[r] + i * entry size, if i < reserved
 * entries. */
struct mt_log {
    struct mt_header *header;
    char *base[MT_REGION_COUNT];
    uint64_t bytes[MT_REGION_COUNT]; /* usable bytes of each region's mapping */
};
extern struct mt_log mt_log;

/* Reserve `count` consecutive zeroed entries of `bytes` each in `region`: the first one's index, 0
 * if the log cannot grow (then MT_FLAG_FULL is set). Lock-free unless the region must grow. */
uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count);

/* Append a record (head filled in here), from up to 4 pieces. False: no space. */
struct mt_piece {
    const void *data;
    size_t bytes;
};
bool mt_log_record(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count);
/* The same, and where in RECORD it stands. */
bool mt_log_record_at(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count,
                      uint64_t *where);

static inline struct mt_node *mt_log_node(uint32_t index)
{
    return (struct mt_node *)mt_log.base[MT_REGION_NODE] + index;
}

/* A note for the reader of the report. printf-like: %s %u %d %lu %x %% only. */
void mt_log_note(unsigned severity, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Note a loss: `events` not recorded, with `bytes` of allocations among them. */
void mt_log_dropped(uint64_t events, uint64_t bytes);

/* In the child of a fork that a signal handler made inside of an event: that event will be finished here too. A copy of the
 * log takes its place, for as long as that lasts: until mt_log_forget. */
void mt_log_copy(void);
bool mt_log_copied(void);

/* Forget the log without touching the file: in the child of a fork (which does not have its
 * mappings), or when opening fails. Resets this module's locks. */
void mt_log_forget(void);

/* ---- For open.c ---- */

/* Guards the file's growth, the extent directory, and the file's change for another. */
extern struct mt_lock mt_log_growing;

/* Map the new, empty file, which becomes the log. 0, or an error: then nothing is mapped. */
int mt_log_map(void);

/* The nameless log's tables go to a new file that has a name. Under mt_log_growing. */
bool mt_log_replace(void);

#endif
