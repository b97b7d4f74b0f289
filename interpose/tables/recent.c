/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "base/near.h"
#include "tables/recent.h"

/* An entry may be older than its place says, as not every event brings a block: hence its number. And another thread may have
 * been given the same address since: hence its record, which is never shared by two threads. */
static inline bool is(const struct mt_recent_block *b, uint32_t event, const void *block,
                      uint32_t unit)
{
    return b->hidden == ~(uintptr_t)block && b->event == event && b->unit == unit;
}

MT_HOT void mt_recent_look(struct mt_recent *r, uint32_t event, uint32_t last, const void *block,
                           uint32_t unit, uint64_t bytes)
{
    struct mt_recent_block *b = &r->blocks[last % MT_TEMPORARY_EVENTS];
    for (uint32_t i = 1; !is(b, last, block, unit); i++) {
        if (i > MT_TEMPORARY_EVENTS)
            return;
        last = event - i;
        b = &r->blocks[last % MT_TEMPORARY_EVENTS];
    }
    mt_counters_temporary(unit, bytes);
    b->unit = 0;
}

void mt_recent_forget(struct mt_recent *r)
{
    memset(r, 0, sizeof *r);
}
