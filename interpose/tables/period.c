/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/guard.h"
#include "base/lock.h"
#include "loader/modules.h"
#include "log/log.h"
#include "os/os.h"
#include "tables/period.h"
#include "tables/thread.h"
#include "tables/timeline.h"

static struct mt_lock lock; /* guards the order of periods: one begins at a time */

void mt_period_forget(void)
{
    mt_lock_forget(&lock);
}

void mt_period_mark(uint32_t period, const char *name)
{
    const struct mt_header *h = mt_log.header;
    size_t bytes = name ? strlen(name) : 0;
    if (bytes > 4096)
        bytes = 4096;
    const struct {
        uint32_t period, bytes;
        uint64_t time, level, peak;
    } rest = {period, (uint32_t)bytes, mt_os_mono() - h->start_mono, h->level,
              period ? h->peak : 0};
    struct mt_piece pieces[] = {{&rest, sizeof rest}, {name, bytes}};
    mt_log_record(MT_RECORD_MARK, pieces, 2);
}

/* The peak begins anew at the present level, as if the level had just climbed there: until it
 * falls, what each record has live is what it has at the peak (mt_alloc.saved_seq). */
static void begin_peak(void)
{
    struct mt_header *h = mt_log.header;
    uint64_t level = __atomic_load_n(&h->level, __ATOMIC_RELAXED);
    if (h->peak > h->peak_before)
        h->peak_before = h->peak;
    h->period_level = level;
    __atomic_store_n(&h->peak, level, __ATOMIC_RELAXED);
    __atomic_store_n(&h->at_peak, 1, __ATOMIC_RELAXED);
}

uint32_t mt_period_begin(const char *name)
{
    struct mt_header *h = mt_log.header;
    struct mt_thread *t = mt_self.thread;
    mt_lock_take(&lock);
    uint32_t period = h->period + 1;
    mt_timeline_period(t ? &t->counters : NULL, t ? t->entry->leaf : 0);
    mt_period_mark(period, name);
    begin_peak();
    __atomic_store_n(&h->period, period, __ATOMIC_RELEASE);
    mt_modules_flush(); /* each thread looks again at its next event, and finds the new period */
    mt_lock_drop(&lock);
    return period;
}
