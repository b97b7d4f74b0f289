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
    lock; /* guards all below; a thread that finds it taken leaves the sample to the other */
static uint64_t resident;   /* last reading: the program's share */
static uint64_t whole, own; /* of the process, and the tracker's share, when that was looked at */
static uint64_t peak_seen;  /* highest level at the last sample */
static uint64_t spacing;    /* ns between samples; doubles when the table is full */

static struct mt_sample *samples(void)
{
    return (struct mt_sample *)mt_log.base[MT_REGION_TIMELINE];
}

/* Looking at the tracker's own memory costs more than a reading does: only when so much has changed that part of it may be ours. */
#define LOOK_CHANGE (128u << 10)

/* The program's share of the resident set: without the log's pages and the tracker's own memory. */
static uint64_t resident_now(void)
{
    uint64_t all = mt_os_resident();
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
    /* The exact peak, if it was reached since the last sample. */
    if (h->peak > peak_seen) {
        max = peak_seen = h->peak;
        h->peak_time = now;
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

/* Charge what the resident set grew to `node`. Under lock. */
static void charge(struct mt_thread *t, uint32_t node)
{
    if (!node)
        return; /* the next reading is somebody's */
    uint64_t now = resident_now();
    int64_t grown = (int64_t)(now - resident);
    resident = now;
    if (!grown)
        return;
    uint32_t unit = mt_counters_find(t, node, MT_KIND_RESIDENT);
    if (unit) {
        struct mt_resident *r = mt_counters_at(unit);
        r->grown += grown;
        r->readings++;
    }
}

void mt_timeline_sample(struct mt_thread *t, uint64_t level)
{
    t->moved = 0;
    t->sampled_level = level;
    t->unsampled = 0;
    mt_log_name(false);
    if (!mt_lock_try(&lock))
        return;
    /* What grew since the last reading grew before this event. */
    charge(t, t->leaf_before ? t->leaf_before : t->entry->leaf);
    append(level);
    mt_lock_drop(&lock);
    /* The pages of what this event brought are touched after it: they are seen, and charged to it,
     * at the next event. */
    t->resident_due = true;
}

void mt_timeline_resident(struct mt_thread *t)
{
    t->resident_due = false;
    if (!mt_lock_try(&lock))
        return;
    charge(t, t->entry->leaf);
    mt_lock_drop(&lock);
}

void mt_timeline_begin(void)
{
    resident = resident_now();
}

void mt_timeline_end(struct mt_thread *t)
{
    if (!mt_lock_try(&lock))
        return;
    if (t && t->entry->leaf)
        charge(t, t->entry->leaf);
    else
        resident = resident_now();
    append(mt_log.header->level);
    mt_lock_drop(&lock);
}

void mt_timeline_period(void)
{
    struct mt_thread *t = mt_self.thread;
    if (!mt_lock_try(&lock))
        return;
    charge(t, t ? t->entry->leaf : 0);
    append(mt_log.header->level);
    peak_seen = mt_log.header->level;
    mt_lock_drop(&lock);
}

void mt_timeline_forget(void)
{
    lock.held = 0;
    resident = whole = own = peak_seen = spacing = 0;
}
