/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/aside.h"
#include "base/config.h"
#include "base/lock.h"
#include "base/meta.h"
#include "log/file.h"
#include "log/growing.h"
#include "log/log.h"
#include "log/view.h"
#include "os/os.h"
#include "os/str.h"

struct mt_log mt_log;

#define EXTENT_FIRST 16384u
/* A region doubles up to this size: each step takes half a dozen system calls. */
#define DOUBLES_TO 131072u
/* What every log has from its beginning: the header, and the first pieces of NODE, COUNTER, RECORD and one more. */
#define FILE_FIRST (MT_HEADER_BYTES + 4 * EXTENT_FIRST)

struct mt_lock mt_log_growing;
static struct mt_lock record_lock; /* guards RECORD's end */
static const uint32_t entry_bytes[MT_REGION_COUNT] = {
    [MT_REGION_NODE] = sizeof(struct mt_node),           [MT_REGION_COUNTER] = MT_UNIT,
    [MT_REGION_FRAME] = sizeof(struct mt_frame_entry),   [MT_REGION_RECORD] = 1,
    [MT_REGION_THREAD] = sizeof(struct mt_thread_entry), [MT_REGION_RUN] = sizeof(struct mt_run),
    [MT_REGION_TIMELINE] = sizeof(struct mt_sample),     [MT_REGION_STRETCH] = MT_STRETCH_UNIT,
    [MT_REGION_FINISH] = sizeof(struct mt_finish),
};
static uint64_t given;   /* bytes of the file that have real space, at its beginning */
static uint32_t refused; /* requests left to refuse without asking the system again */

void mt_log_dropped(uint64_t events, uint64_t bytes)
{
    if (!mt_log.header)
        return;
    __atomic_fetch_add(&mt_log.header->dropped_events, events, __ATOMIC_RELAXED);
    __atomic_fetch_add(&mt_log.header->dropped_bytes, bytes, __ATOMIC_RELAXED);
}

/* Write all tables to this file, and map them from there: their addresses stay. False: there was no
 * room for all of them, and the old file is still the log. What other threads write meanwhile may
 * be lost. Under mt_log_growing. */
static bool map_again(int fd)
{
    uint64_t have[MT_REGION_COUNT] = {0};
    const struct mt_header *h = mt_log.header;
    if (mt_os_allocate(fd, 0, h->file_bytes) != 0 || !mt_os_write_at(fd, h, MT_HEADER_BYTES, 0))
        return false;
    for (uint32_t i = 0; i < h->extents_used; i++) {
        const struct mt_extent *e = &h->extents[i];
        uint64_t bytes = (uint64_t)e->pages * 4096;
        if (!mt_os_write_at(fd, mt_log.base[e->region] + have[e->region], bytes, e->offset))
            return false;
        have[e->region] += bytes;
    }
    if (!mt_views_move(fd))
        return false;
    given = h->file_bytes;
    return true;
}

bool mt_log_replace(void)
{
    int fd = mt_log_file_create(mt_os_create, false);
    if (fd < 0)
        fd = mt_log_file_create(mt_os_create, true);
    if (fd < 0)
        return false;
    uint64_t identity[2];
    if (mt_os_identity(fd, identity) != 0 || !map_again(fd)) {
        mt_os_remove(mt_log_file.path);
        mt_os_close(fd);
        return false;
    }
    if (mt_log_descriptor_is(mt_log_file.fd))
        mt_os_close(mt_log_file.fd);
    mt_log_file.fd = fd;
    memcpy(mt_log_file.identity, identity, sizeof identity);
    mt_log_file.nameless = false;
    return true;
}

bool mt_log_reopen(void)
{
    if (mt_log_descriptor_is(mt_log_file.fd))
        return true;
    if (mt_log_file.nameless)
        return mt_log_replace();
    int fd = mt_os_open(mt_log_file.path, true);
    if (fd < 0)
        return false;
    if (!mt_log_descriptor_is(fd)) {
        mt_os_close(fd);
        return false;
    }
    int high = mt_os_high(fd);
    if (high >= 0)
        mt_os_close(fd);
    mt_log_file.fd = high >= 0 ? high : fd;
    return true;
}

static uint64_t whole_pages(uint64_t bytes)
{
    uint64_t page = mt_os_page() < 4096 ? 4096 : mt_os_page();
    return (bytes + page - 1) & ~(page - 1);
}

/* Give a region `add` more bytes, at the file's end. 0, or an error. Under mt_log_growing. */
static int extend(enum mt_region region, uint64_t add)
{
    struct mt_header *h = mt_log.header;
    uint64_t have = mt_log.bytes[region], at = whole_pages(h->file_bytes);
    int error = mt_view_room(region, have + add, mt_log_file.fd, &mt_log.base[region]);
    if (!error && at + add > given)
        error = mt_os_allocate(mt_log_file.fd, at, add);
    if (!error)
        error = mt_view_extend(region, add, mt_log_file.fd, at);
    if (error)
        return error;
    if (!have &&
        region <
            MT_REGION_USED) /* index 0 means none; records of counters are in cache lines, see tables/counters.c */
        h->used[region] = region == MT_REGION_COUNTER
                              ? 64 / MT_UNIT
                              : region != MT_REGION_RECORD && region != MT_REGION_TIMELINE;
    struct mt_extent *e = &h->extents[h->extents_used];
    e->offset = at;
    e->region = (uint32_t)region;
    e->pages = (uint32_t)(add / 4096);
    h->file_bytes = at + add;
    __atomic_store_n(&h->extents_used, h->extents_used + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&mt_log.bytes[region], have + add, __ATOMIC_RELEASE);
    return 0;
}

/* The same, within MEMTRACE_MAX_LOG. */
static bool may_extend(enum mt_region region, uint64_t add)
{
    uint64_t end = whole_pages(mt_log.header->file_bytes) + add;
    return (!mt_config.max_log || end <= mt_config.max_log) && extend(region, add) == 0;
}

/* Extend a region by at least `need` bytes, if possible by an eighth of what it has, or by as much while it is small: then a ninth
 * is unused at most, or 64 KiB. When two thirds of the directory are in use, which is at some 300 MiB, by a quarter, so that it lasts
 * for gigabytes; when it gets short, the region doubles. Under mt_log_growing.
 *
 * A refusal costs several system calls, and a program that runs on with a full disk would pay them
 * at every new line. So only every 256th request asks again. */
struct growth {
    enum mt_region region;
    uint64_t need; /* bytes that the region is to hold */
    bool done;
};

/* Under mt_log_growing. */
static bool grow(enum mt_region region, uint64_t need)
{
    struct mt_header *h = mt_log.header;
    uint64_t have = mt_log.bytes[region];
    uint64_t add = have < DOUBLES_TO                          ? have
                   : h->extents_used < MT_EXTENTS_MAX * 2 / 3 ? have / 8
                   : h->extents_used < MT_EXTENTS_MAX * 5 / 6 ? have / 4
                                                              : have;
    if (region == MT_REGION_TIMELINE)
        need = MT_SAMPLES * sizeof(struct mt_sample);
    if (need < EXTENT_FIRST)
        need = EXTENT_FIRST;
    need = whole_pages(need);
    bool ask = h->extents_used < MT_EXTENTS_MAX && mt_log_reopen(), done = false;
    for (add = whole_pages(add); ask && !done && add > need; add = whole_pages(add / 2))
        done = may_extend(region, add);
    done = done || (ask && may_extend(region, need));
    if (ask)
        mt_log_file_rest();
    return done;
}

static void grow_aside(void *growth)
{
    struct growth *g = growth;
    mt_lock_take(&mt_log_growing);
    uint64_t have = mt_log.bytes[g->region];
    g->done = g->need <= have || grow(g->region, g->need - have);
    if (!g->done)
        refused = 255;
    mt_lock_drop(&mt_log_growing);
}

/* The region is to hold `need` bytes. False: no space. */
static inline bool reach(enum mt_region region, uint64_t need)
{
    struct growth growth = {region, need, false};
    uint32_t left = __atomic_load_n(&refused, __ATOMIC_RELAXED);
    if (left) /* of several threads at once some do not count */
        __atomic_store_n(&refused, left - 1, __ATOMIC_RELAXED);
    else
        mt_aside(grow_aside, &growth);
    if (!growth.done)
        __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_FULL, __ATOMIC_RELAXED);
    return growth.done;
}

void mt_log_ahead(void)
{
    static const uint32_t ahead[MT_REGION_COUNT] = {
        [MT_REGION_NODE] = 256u << 10,   [MT_REGION_COUNTER] = 256u << 10,
        [MT_REGION_FRAME] = 64u << 10,   [MT_REGION_RECORD] = 256u << 10,
        [MT_REGION_THREAD] = 16u << 10,  [MT_REGION_RUN] = 64u << 10,
        [MT_REGION_STRETCH] = 64u << 10, [MT_REGION_FINISH] = 64u << 10,
    };
    mt_lock_take(&mt_log_growing);
    for (unsigned r = 1; r < MT_REGION_USED; r++) {
        uint64_t used = mt_log.header->used[r] * entry_bytes[r], have = mt_log.bytes[r];
        if (r == MT_REGION_TIMELINE ? !have : have - used < ahead[r])
            grow(r, ahead[r]);
    }
    mt_lock_drop(&mt_log_growing);
}

uint64_t mt_log_touched(void)
{
    uint64_t mask = mt_os_page() - 1;
    uint64_t bytes = MT_HEADER_BYTES;
    for (unsigned r = 0; r < MT_REGION_USED; r++)
        bytes +=
            (__atomic_load_n(&mt_log.header->used[r], __ATOMIC_RELAXED) * entry_bytes[r] + mask) &
            ~mask;
    return bytes;
}

uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count)
{
    uint64_t *used = &mt_log.header->used[region];
    uint64_t first = __atomic_load_n(used, __ATOMIC_RELAXED);
    for (;;) {
        uint64_t need = (first + count) * bytes;
        if (__builtin_expect(need > __atomic_load_n(&mt_log.bytes[region], __ATOMIC_ACQUIRE), 0) &&
            !reach(region, need))
            return 0;
        if (__atomic_compare_exchange_n(used, &first, first + count, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return first;
    }
}

bool mt_log_record(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count)
{
    uint64_t where;
    return mt_log_record_at(kind, pieces, count, &where);
}

bool mt_log_record_at(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count,
                      uint64_t *where)
{
    uint64_t bytes = sizeof(struct mt_record);
    for (unsigned i = 0; i < count; i++)
        bytes += pieces[i].bytes;
    bytes = (bytes + 7) & ~7ull;
    if (bytes > UINT32_MAX || !mt_log.header)
        return false;
    uint64_t *used = &mt_log.header->used[MT_REGION_RECORD];
    mt_lock_take(&record_lock);
    uint64_t at = *used;
    if (at + bytes > mt_log.bytes[MT_REGION_RECORD] && !reach(MT_REGION_RECORD, at + bytes)) {
        mt_lock_drop(&record_lock);
        return false;
    }
    char *to = mt_log.base[MT_REGION_RECORD] + at;
    *where = at;
    struct mt_record head = {(uint32_t)kind, (uint32_t)bytes};
    memcpy(to, &head, sizeof head);
    to += sizeof head;
    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].bytes)
            memcpy(to, pieces[i].data, pieces[i].bytes);
        to += pieces[i].bytes;
    }
    __atomic_store_n(used, at + bytes, __ATOMIC_RELEASE);
    mt_lock_drop(&record_lock);
    return true;
}

struct note {
    unsigned severity;
    const char *format;
    va_list arguments;
};

static void add_note(void *note)
{
    struct note *n = note;
    char text[512];
    struct mt_str s = MT_STR(text);
    mt_str_format(&s, n->format, n->arguments);
    uint32_t head[2] = {n->severity, (uint32_t)s.used};
    struct mt_piece pieces[] = {{head, sizeof head}, {text, s.used}};
    mt_log_record(MT_RECORD_NOTE, pieces, 2);
}

void mt_log_note(unsigned severity, const char *format, ...)
{
    struct note note = {.severity = severity, .format = format};
    va_start(note.arguments, format);
    mt_aside(add_note, &note);
    va_end(note.arguments);
}

/* ---- Opening ---- */

int mt_log_map(void)
{
    bool all = !mt_config.max_log || mt_config.max_log >= FILE_FIRST;
    int fd = mt_log_file.fd, error = all ? mt_os_allocate(fd, 0, FILE_FIRST) : -EFBIG;
    given = error ? 0 : FILE_FIRST;
    if (error) /* less will do for a process without events */
        error = mt_os_allocate(fd, 0, MT_HEADER_BYTES);
    if (!error)
        error = mt_views_begin(fd, &mt_log.header);
    if (error)
        return error;
    mt_log.header->file_bytes = MT_HEADER_BYTES;
    /* Whatever comes, there is space for the records of what has no node: mt_counters_lost_init. */
    if (!(error = extend(MT_REGION_NODE, whole_pages(EXTENT_FIRST))))
        error = extend(MT_REGION_COUNTER, whole_pages(EXTENT_FIRST));
    if (error) {
        mt_views_end();
        memset(&mt_log, 0, sizeof mt_log);
    }
    return error;
}

void mt_log_leave(void)
{
    mt_views_leave();
}

void mt_log_copy(void)
{
    if (mt_log.header)
        mt_views_copy(mt_log_reopen() ? mt_log_file.fd : -1);
}

void mt_log_each_range(void (*visit)(void *at, size_t bytes))
{
    mt_lock_take(&mt_log_growing);
    mt_views_each(visit);
    mt_lock_drop(&mt_log_growing);
}

bool mt_log_copied(void)
{
    return mt_views_copied();
}

void mt_log_forget(void)
{
    if (mt_log_descriptor_is(mt_log_file.fd))
        mt_os_close(mt_log_file.fd);
    mt_views_forget();
    memset(&mt_log, 0, sizeof mt_log);
    refused = 0;
    given = 0;
    mt_log_file.fd = -1;
    mt_log_file.path[0] = 0;
    mt_log_file.nameless = mt_log_file.temporary = false;
    mt_lock_forget(&mt_log_growing);
    mt_lock_forget(&record_lock);
}
