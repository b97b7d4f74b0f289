/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tables/recent.h"

/* An entry may be older than its place says, as not every event brings a block: hence its number. And another thread may have
 * been given the same address since: hence its record, which is never shared by two threads. */
void mt_recent_look(struct mt_recent *r, struct mt_counters *c, uint32_t event, const void *block,
                    uint32_t unit, uint64_t bytes)
{
    for (uint32_t i = 1; i <= MT_TEMPORARY_EVENTS; i++) {
        struct mt_recent_block *b = &r->blocks[(event - i) % MT_TEMPORARY_EVENTS];
        if (b->block != (uintptr_t)block || b->event != event - i || b->unit != unit)
            continue;
        mt_counters_temporary(c, unit, bytes);
        b->unit = 0;
        return;
    }
}

void mt_recent_forget(struct mt_recent *r)
{
    memset(r, 0, sizeof *r);
}
