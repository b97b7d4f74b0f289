/* SPDX-License-Identifier: MIT
 *
 * The latest blocks of a thread, so that it is seen which ones it gives back at once (format.h: mt_temporary). A block
 * costs a few instructions when it comes; when it goes, one look at its record, and only where something was allocated there
 * within the last few events, a look at the blocks themselves.
 */
#ifndef MT_RECENT_H
#define MT_RECENT_H

#include <stdint.h>

#include "tables/counters.h"

struct mt_recent_block {
    uintptr_t
        hidden; /* the complement of its address: memcheck takes any word that is one for the program's pointer */
    uint32_t event; /* number of the thread's event that brought it, mod 2^32 */
    uint32_t unit;  /* 0: no block */
};

/* The part of a thread: the block that event i brought stands at i mod MT_TEMPORARY_EVENTS, until another one's does. */
struct mt_recent {
    struct mt_recent_block blocks[MT_TEMPORARY_EVENTS];
};

/* The thread's event number `event` brought a block, which the record at `unit` counts. By the thread. */
static inline __attribute__((always_inline)) void
mt_recent_came(struct mt_recent *r, uint64_t event, const void *block, uint32_t unit)
{
    r->blocks[event % MT_TEMPORARY_EVENTS] =
        (struct mt_recent_block){~(uintptr_t)block, (uint32_t)event, unit};
}

/* The thread's event number `event` took a block away: count it if it came within the last few events. mt_recent_look is its
 * longer part; `last`: the latest event at the record, which most likely brought the block. By the thread. */
void mt_recent_look(struct mt_recent *r, uint32_t event, uint32_t last, const void *block,
                    uint32_t unit, uint64_t bytes);
static inline __attribute__((always_inline)) void mt_recent_went(struct mt_recent *r,
                                                                 uint64_t event, const void *block,
                                                                 uint32_t unit, uint64_t bytes)
{
    /* That of another thread's record says nothing, and then the blocks do. An mt_small has its `last` where an mt_alloc has. */
    uint32_t last = (uint32_t)__atomic_load_n(&((struct mt_alloc *)mt_counters_at(unit))->last,
                                              __ATOMIC_RELAXED);
    if ((uint32_t)event - last <= MT_TEMPORARY_EVENTS)
        mt_recent_look(r, (uint32_t)event, last, block, unit, bytes);
}

/* Another thread takes over. */
void mt_recent_forget(struct mt_recent *r);

#endif
