/* SPDX-License-Identifier: MIT
 *
 * What each node did with each class, as many as a large log has: the largest table of a view. Most figures are less than 4 GiB, so an
 * entry takes 72 bytes for the 160 of its sums; the few that do not fit, or that have figures which few have, have theirs apart.
 */
#ifndef READ_ENTRIES_H
#define READ_ENTRIES_H

#include <stddef.h>

#include "read/sums.h"

enum {
    ENTRY_HAPPENED = 1, /* sums.happened */
    ENTRY_APART = 2,    /* its sums stand in entries->apart, at `at_apart` */
};

struct entry {
    uint32_t node;
    uint8_t class; /* enum log_class */
    uint8_t flags;
    uint16_t level_high; /* bits 32 to 47 */
    uint32_t level, last, last_high;
    union {
        uint32_t allocated;
        uint32_t at_apart;
    };
    uint32_t released, gone;
    int32_t late, at_peak;
    uint32_t blocks_at_peak, allocations, releases, gone_count, live_peak;
    uint32_t temporary, temporary_bytes, slack;
};

/* A zeroed one is empty. */
struct entries {
    struct entry *list;
    size_t count, cap;
    struct sums *apart;
    size_t apart_count, apart_cap;
};

/* Room for so many at once, in an empty one. */
void entries_room(struct entries *entries, size_t count);
/* One more, the last. */
void entries_add(struct entries *entries, uint32_t node, uint32_t class, const struct sums *sums);
/* Other sums for the one at `at`. */
void entries_set(struct entries *entries, size_t at, const struct sums *sums);
/* Add to those of the one at `at`. */
void entries_more(struct entries *entries, size_t at, const struct sums *more);
void entries_free(struct entries *entries);

/* The sums of an entry of these. Here, so that a loop unpacks only what it looks at. */
static inline struct sums entry_sums(const struct entries *entries, const struct entry *entry)
{
    if (entry->flags & ENTRY_APART)
        return entries->apart[entry->at_apart];
    return (struct sums){.allocated = entry->allocated,
                         .released = entry->released,
                         .gone = entry->gone,
                         .late = entry->late,
                         .at_peak = entry->at_peak,
                         .blocks_at_peak = entry->blocks_at_peak,
                         .allocations = entry->allocations,
                         .releases = entry->releases,
                         .gone_count = entry->gone_count,
                         .live_peak = entry->live_peak,
                         .temporary = entry->temporary,
                         .temporary_bytes = entry->temporary_bytes,
                         .slack = entry->slack,
                         .last = (uint64_t)entry->last_high << 32 | entry->last,
                         .level = (uint64_t)entry->level_high << 32 | entry->level,
                         .happened = entry->flags & ENTRY_HAPPENED};
}

#endif
