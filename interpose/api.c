/* SPDX-License-Identifier: MIT
 *
 * What the program can ask and say: memtrace.h. These are the program's own calls, not hooks: they may wait for each other,
 * but like all of this directory they neither allocate nor change errno.
 */
#include <errno.h>
#include <string.h>

#include "api.h"
#include "lock.h"
#include "log.h"
#include "modules.h"
#include "os.h"
#include "python_exact.h"
#include "thread.h"
#include "timeline.h"

#define MEMTRACE_API __attribute__((visibility("default")))
#include "memtrace.h"

static struct mt_lock lock; /* guards the order of periods: one begins at a time */

void mt_api_forget(void)
{
    lock.held = 0;
}

const char *memtrace_log_path(void)
{
    struct mt_thread *t = mt_enter(); /* the child of a fork makes its own log now */
    if (!t)
        return "";
    mt_log_name(true); /* who asks wants to read it */
    mt_leave(t);
    return mt_log_path();
}

/* A word of the log's header. */
static uint64_t header_word(size_t offset)
{
    struct mt_thread *t = mt_enter();
    if (!t)
        return 0;
    const uint64_t *word = (const uint64_t *)((const char *)mt_log.header + offset);
    uint64_t value = __atomic_load_n(word, __ATOMIC_RELAXED);
    mt_leave(t);
    return value;
}

uint64_t memtrace_live_bytes(void)
{
    return header_word(offsetof(struct mt_header, level));
}

uint64_t memtrace_peak_bytes(void)
{
    return header_word(offsetof(struct mt_header, peak));
}

uint64_t memtrace_period_bytes(void)
{
    return header_word(offsetof(struct mt_header, period_level));
}

static void mark(uint32_t period, const char *name)
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

/* The peak begins anew at the present level, as if the level had just climbed to it: what each record has live is what it
 * holds at the peak (mt_alloc.saved_seq) until the level falls. */
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

uint32_t memtrace_period(const char *name)
{
    struct mt_thread *t = mt_enter();
    if (!t)
        return 0;
    int keep = errno;
    struct mt_header *h = mt_log.header;
    mt_lock_take(&lock);
    uint32_t period = h->period + 1;
    mt_timeline_period();
    mark(period, name);
    begin_peak();
    __atomic_store_n(&h->period, period, __ATOMIC_RELEASE);
    mt_modules_flush(); /* each thread looks again at its next event, and finds the new period */
    mt_lock_drop(&lock);
    errno = keep;
    mt_leave(t);
    return period;
}

int memtrace_lines(void *code, int on)
{
    int keep = errno;
    bool done = mt_ready && *mt_ready == 1 && code && mt_python_exact_watch(code, on);
    errno = keep;
    return done;
}

void memtrace_mark(const char *name)
{
    struct mt_thread *t = mt_enter();
    if (!t)
        return;
    int keep = errno;
    mark(0, name);
    errno = keep;
    mt_leave(t);
}
