/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/lock.h"
#include "base/own.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"
#include "tables/counters.h"
#include "tables/timeline.h"

static struct mt_lock
    lock; /* guards all below; a thread that finds it taken leaves the sample to the other thread */
static uint64_t resident;   /* last reading: the program's share */
static uint64_t charged;    /* the part of it that is charged to somebody, or was there at first */
static uint64_t whole, own; /* the process's and the tracker's share, when the latter was read */
static uint64_t peak_seen;  /* highest level at the last sample */
static uint64_t spacing;    /* ns between samples; doubles when the table is full */

static struct mt_sample *samples(void)
{
    return (struct mt_sample *)mt_log.base[MT_REGION_TIMELINE];
}

/* To read the tracker's own share costs more than a reading does. So it is read only when so much has changed that part of it may be
 * the tracker's. */
#define LOOK_CHANGE (128u << 10)

/* The program's share of the resident set: without the log's pages and the tracker's own memory. */
static uint64_t resident_now(void)
{
    uint64_t all = mt_os_resident();
    if (!all) /* it can't be read: no /proc, or a filter (os/call.h) */
        return resident;
    if (all - whole + LOOK_CHANGE > 2 * LOOK_CHANGE || !whole) {
        whole = all;
        own = mt_own_resident();
    }
    uint64_t ours = own + mt_log_touched();
    return all > ours ? all - ours : 0;
}

/* Join neighbours: half as many samples, each of twice the span. */
static void thin_out(uint64_t *used)
{
    struct mt_sample *s = samples();
    for (uint64_t i = 0; i + 1 < *used; i += 2) {
        struct mt_sample joined = s[i + 1];
        if (s[i].level_max > joined.level_max)
            joined.level_max = s[i].level_max;
        s[i / 2] = joined;
    }
    *used /= 2;
    spacing = spacing ? spacing * 2 : 1000000;
}

static void append(uint64_t level)
{
    struct mt_header *h = mt_log.header;
    uint64_t *used = &h->used[MT_REGION_TIMELINE];
    uint64_t now = mt_os_mono() - h->start_mono;
    uint64_t max = level;
    /* The exact peak, if it was reached since the last sample. Another thread may have raised the level, and the peak not yet. */
    if (h->peak > peak_seen) {
        peak_seen = h->peak;
        h->peak_time = now;
        if (peak_seen > max)
            max = peak_seen;
    }
    if (*used && now - samples()[*used - 1].time < spacing) {
        struct mt_sample *s = &samples()[*used - 1];
        s->level = level;
        s->resident = resident;
        if (max > s->level_max)
            s->level_max = max;
        return;
    }
    if (*used == MT_SAMPLES)
        thin_out(used);
    if (!*used && !mt_log.bytes[MT_REGION_TIMELINE]) {
        mt_log_reserve(MT_REGION_TIMELINE, sizeof(struct mt_sample), 1);
        *used = 0;
        if (!mt_log.bytes[MT_REGION_TIMELINE])
            return;
    }
    samples()[*used] = (struct mt_sample){now, level, max, resident};
    __atomic_store_n(used, *used + 1, __ATOMIC_RELEASE);
}

/* Read the resident set, and charge its growth to `node`. 0: to the next reading's; or, where stacks are not known as the log is
 * full, to node 0. Under lock. */
static void charge(struct mt_counters *c, uint32_t node)
{
    resident = resident_now();
    int64_t grown = (int64_t)(resident - charged);
    bool full = __atomic_load_n(&mt_log.header->flags, __ATOMIC_RELAXED) & MT_FLAG_FULL;
    if (!grown || (!node && !full))
        return;
    charged = resident;
    uint32_t link = node ? mt_counters_find(c, node, MT_KIND_RESIDENT, 0) : 0;
    if (link)
        mt_counters_grown(link, grown);
    else if (c)
        mt_counters_lost_grown(c, grown);
}

void mt_timeline_sample(struct mt_timeline *l, struct mt_counters *c, uint32_t before,
                        uint32_t leaf, uint64_t level)
{
    l->moved = 0;
    l->level = level;
    l->events = 0;
    mt_log_name(false);
    if (!mt_lock_try(&lock))
        return;
    /* What has grown since the last reading grew before this event. */
    charge(c, before ? before : leaf);
    append(level);
    mt_lock_drop(&lock);
    /* The pages that this event brought are touched after it. So they are seen at the next event,
     * and charged to this one. */
    l->resident_due = true;
}

void mt_timeline_resident(struct mt_timeline *l, struct mt_counters *c, uint32_t leaf)
{
    l->resident_due = false;
    if (!mt_lock_try(&lock))
        return;
    charge(c, leaf);
    mt_lock_drop(&lock);
}

void mt_timeline_begin(void)
{
    resident = charged = resident_now();
}

void mt_timeline_end(struct mt_counters *c, uint32_t leaf)
{
    if (!mt_lock_try(&lock))
        return;
    charge(c, leaf);
    append(mt_log.header->level);
    mt_lock_drop(&lock);
}

void mt_timeline_period(struct mt_counters *c, uint32_t leaf)
{
    if (!mt_lock_try(&lock))
        return;
    charge(c, leaf);
    append(mt_log.header->level);
    peak_seen = mt_log.header->level;
    mt_lock_drop(&lock);
}

void mt_timeline_forget(void)
{
    mt_lock_forget(&lock);
    resident = charged = whole = own = peak_seen = spacing = 0;
}
