/* SPDX-License-Identifier: MIT
 *
 * The log: regions that grow, mapped MAP_SHARED from its file, each contiguous in memory. A region
 * may move when it grows; an address of one of its entries stays good. See format.h for the layout. Callable with the guard set, in any thread, unless said otherwise.
 */
#ifndef MT_LOG_H
#define MT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/near.h"
#include "format.h"

/* The regions' memory. Entry i of region r is at mt_log.base[r] + i * entry size, if i is below the
 * number of reserved entries. The base may be another one after the region has grown (log/view.h), so
 * it is read after the index is known, and addresses of entries are not compared. */
struct mt_log {
    struct mt_header *header;
    char *base[MT_REGION_COUNT];     /* of an empty region: NULL */
    uint64_t bytes[MT_REGION_COUNT]; /* usable bytes of each region's mapping */
};
MT_EXTERN struct mt_log mt_log;

/* Reserve `count` consecutive zeroed entries of `bytes` each in `region`. Returns the first one's
 * index; 0: the log cannot grow, and MT_FLAG_FULL is set. Takes a lock only if the region must
 * grow. */
uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count);

/* Give each region some space that it does not need yet: soon the log may not be able to grow. Any
 * thread. */
void mt_log_ahead(void);

/* Call `visit` for each range of address space that the log takes. Any thread; nothing is visited
 * while the log grows. */
void mt_log_each_range(void (*visit)(void *at, size_t bytes));

/* Bytes of the regions that are in use: what the log takes of the resident set. Any thread. */
uint64_t mt_log_touched(void);

/* A part of a record. */
struct mt_piece {
    const void *data;
    size_t bytes;
};

/* Append a record, put together from up to 4 pieces; the head is filled in here. False: no space.
 */
bool mt_log_record(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count);
/* The same; *where is its offset in RECORD. */
bool mt_log_record_at(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count,
                      uint64_t *where);

/* A node of NODE by its index, which must be reserved. */
static inline struct mt_node *mt_log_node(uint32_t index)
{
    return (struct mt_node *)mt_log.base[MT_REGION_NODE] + index;
}

/* The node that is `levels` further out than `node`, which has that many above it. */
static inline uint32_t mt_log_ancestor(uint32_t node, uint32_t levels)
{
    for (; levels; levels--)
        node = mt_log_node(node)->parent;
    return node;
}

/* How many nodes two paths from one root have in common, that root among them. The paths end at `a` and `b`, so many nodes below it; a = 0: 1.
 * Costs one step for each node that they do not share. */
static inline uint32_t mt_log_shared(uint32_t a, uint32_t depth_a, uint32_t b, uint32_t depth_b)
{
    if (!a)
        return 1;
    for (; depth_a > depth_b; depth_a--)
        a = mt_log_node(a)->parent;
    for (; depth_b > depth_a; depth_b--)
        b = mt_log_node(b)->parent;
    for (; a != b; depth_a--) {
        a = mt_log_node(a)->parent;
        b = mt_log_node(b)->parent;
    }
    return depth_a + 1;
}

/* The outermost node that is not shared of a path of `frames` nodes below the root, of which the outer `same` are. 0: all are. */
static inline uint32_t mt_log_site(uint32_t leaf, uint32_t frames, uint32_t same)
{
    return same <= frames ? mt_log_ancestor(leaf, frames - same) : 0;
}

/* The path to a node, `count` nodes long: those from there outward, the outermost at path[0]. */
static inline void mt_log_nodes(uint32_t node, uint32_t *path, uint32_t count)
{
    for (; count-- > 0; node = mt_log_node(node)->parent)
        path[count] = node;
}

/* A note for the reader of the report; severity 1 is a warning. Knows only %s, %u, %d, %lu, %x and
 * %%; what is longer than 511 bytes is cut. */
void mt_log_note(unsigned severity, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Count `events` that could not be recorded, with `bytes` of allocations among them. */
void mt_log_dropped(uint64_t events, uint64_t bytes);

/* In the child of a fork that has the log's mappings all the same, as an emulator's madvise did nothing: unmap them. They are
 * its parent's, and mt_log_copy maps in their places. */
void mt_log_leave(void);

/* In the child of a fork that a signal handler made inside an event: the child will finish that
 * event, too. Until mt_log_forget, a copy of the log takes the log's place for that. */
void mt_log_copy(void);
/* Whether such a copy is in place. Guard set. */
bool mt_log_copied(void);

/* Forget the log without touching the file: in the child of a fork, which does not have its
 * mappings, or when opening fails. Resets the locks of log.c. */
void mt_log_forget(void);

#endif
