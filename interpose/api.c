/* SPDX-License-Identifier: MIT
 *
 * What the program can ask and say: memtrace.h. These are the program's own calls, not hooks: they
 * may wait for each other. But like all of this tree they allocate nothing of the program's, and
 * keep errno.
 */
#include <errno.h>
#include <string.h>

#include "hooks/enter.h"
#include "hooks/python/exact.h"
#include "log/log.h"
#include "log/open.h"
#include "tables/period.h"

#define MEMTRACE_API __attribute__((visibility("default")))
#include "memtrace.h"

const char *memtrace_log_path(void)
{
    struct mt_thread *t = mt_enter(); /* the child of a fork makes its own log now */
    if (!t)
        return "";
    mt_log_name(true); /* whoever asks wants to read it */
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

uint32_t memtrace_period(const char *name)
{
    struct mt_thread *t = mt_enter();
    if (!t)
        return 0;
    int keep = errno;
    uint32_t period = mt_period_begin(name);
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
    mt_period_mark(0, name);
    errno = keep;
    mt_leave(t);
}
