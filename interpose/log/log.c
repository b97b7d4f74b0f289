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
#include "os/os.h"
#include "os/str.h"

struct mt_log mt_log;

/* Address space reserved for each region, to be filled with pieces of the file: an entry never
 * moves. */
static const uint64_t window_bytes[MT_REGION_COUNT] = {
    [MT_REGION_NODE] = 16ull << 30,    [MT_REGION_COUNTER] = 8ull << 30,
    [MT_REGION_FRAME] = 4ull << 30,    [MT_REGION_RECORD] = 4ull << 30,
    [MT_REGION_THREAD] = 1ull << 28,   [MT_REGION_RUN] = 1ull << 30,
    [MT_REGION_TIMELINE] = 1ull << 16, [MT_REGION_STRETCH] = 1ull << 30,
    [MT_REGION_FINISH] = 1ull << 30,
};
#define EXTENT_FIRST 16384u
#define HEADER_ROOM  65536u /* address space for the header: a page of any size */

struct mt_lock mt_log_growing;
static struct mt_lock record_lock; /* guards RECORD's end */
static char *window;               /* the reserved address space of all regions */
static uint64_t window_all;        /* its length */
static bool window_copied;         /* mt_log_copy */
/* a mapping in it failed: the kernel may have given that place to somebody else */
static bool window_holes;
static uint32_t refused; /* requests left to refuse without asking the system again */
static uint64_t limit[MT_REGION_COUNT]; /* each region's share of it */

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
    memset(have, 0, sizeof have);
    bool whole = mt_os_map_file(mt_log.header, MT_HEADER_BYTES, fd, 0) == 0;
    for (uint32_t i = 0; i < h->extents_used && whole; i++) {
        const struct mt_extent *e = &h->extents[i];
        uint64_t bytes = (uint64_t)e->pages * 4096;
        whole = mt_os_map_file(mt_log.base[e->region] + have[e->region], bytes, fd, e->offset) == 0;
        have[e->region] += bytes;
    }
    return whole;
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

static bool descriptor_is_ours(void)
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
    int error = have + add > limit[region] ? -ENOMEM : mt_os_allocate(mt_log_file.fd, at, add);
    if (error)
        return error;
    error = mt_os_map_file(mt_log.base[region] + have, add, mt_log_file.fd, at);
    if (error) {
        limit[region] = have;
        window_holes = true;
        return error;
    }
    if (!have) /* index 0 means none; the two units of an mt_alloc share a cache line */
        h->used[region] = region == MT_REGION_COUNTER
                              ? 2
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

/* Extend a region by at least `need` bytes, if possible by a quarter of what it has: then a quarter
 * is unused at most, and the directory lasts for gigabytes. When the directory gets short, the
 * region doubles. Under mt_log_growing.
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
    uint64_t add = h->extents_used < MT_EXTENTS_MAX * 2 / 3 ? have / 4 : have;
    if (region == MT_REGION_TIMELINE)
        need = MT_SAMPLES * sizeof(struct mt_sample);
    if (need < EXTENT_FIRST)
        need = EXTENT_FIRST;
    need = whole_pages(need);
    bool ask = h->extents_used < MT_EXTENTS_MAX && descriptor_is_ours();
    for (add = whole_pages(add); ask && add > need; add = whole_pages(add / 2))
        if (may_extend(region, add))
            return true;
    return ask && may_extend(region, need);
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

uint64_t mt_log_touched(void)
{
    static const uint32_t entry[MT_REGION_COUNT] = {
        [MT_REGION_NODE] = sizeof(struct mt_node),
        [MT_REGION_COUNTER] = MT_UNIT,
        [MT_REGION_FRAME] = sizeof(struct mt_frame_entry),
        [MT_REGION_RECORD] = 1,
        [MT_REGION_THREAD] = sizeof(struct mt_thread_entry),
        [MT_REGION_RUN] = sizeof(struct mt_run),
        [MT_REGION_TIMELINE] = sizeof(struct mt_sample),
        [MT_REGION_STRETCH] = MT_STRETCH_UNIT,
        [MT_REGION_FINISH] = sizeof(struct mt_finish),
    };
    uint64_t bytes = MT_HEADER_BYTES, mask = mt_os_page() - 1;
    for (unsigned r = 0; r < MT_REGION_COUNT; r++)
        bytes +=
            (__atomic_load_n(&mt_log.header->used[r], __ATOMIC_RELAXED) * entry[r] + mask) & ~mask;
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

/* The rest of the window goes with mt_log_forget. */
static void unmap_first(void)
{
    for (int r = 0; r < MT_REGION_COUNT; r++)
        if (mt_log.bytes[r])
            mt_os_unmap(mt_log.base[r], mt_log.bytes[r]);
    mt_os_unmap(mt_log.header, whole_pages(MT_HEADER_BYTES));
}

int mt_log_map(void)
{
    window_all = 0;
    for (int r = 0; r < MT_REGION_COUNT; r++)
        window_all += window_bytes[r];
    window_all += 4096 * window_bytes[MT_REGION_TIMELINE]; /* that one keeps its size */
    /* Under a limit on address space (ulimit -v) the windows are smaller. Logs that outgrow them
     * drop events. */
    uint64_t share = 1;
    while (!(window = mt_os_reserve(window_all / share)) && share < 4096)
        share *= 2;
    window_all /= share;
    char *header = window ? mt_os_reserve(HEADER_ROOM) : NULL;
    int fd = mt_log_file.fd, error = header ? mt_os_allocate(fd, 0, MT_HEADER_BYTES) : -ENOMEM;
    if (!error && (error = mt_os_map_file(header, MT_HEADER_BYTES, fd, 0)) != 0)
        header = NULL; /* its place may be somebody else's by now */
    if (error) {
        if (header)
            mt_os_unmap(header, HEADER_ROOM);
        return error;
    }
    mt_log.header = (struct mt_header *)header;
    char *at = window;
    for (int r = 0; r < MT_REGION_COUNT; r++) {
        mt_log.base[r] = at;
        mt_log.bytes[r] = 0;
        limit[r] = r == MT_REGION_TIMELINE ? window_bytes[r] : window_bytes[r] / share;
        at += limit[r];
    }
    mt_log.header->file_bytes = MT_HEADER_BYTES;
    /* Whatever comes, there is space for the records of what has no node: mt_counters_lost_init. */
    if (!(error = extend(MT_REGION_NODE, whole_pages(EXTENT_FIRST))))
        error = extend(MT_REGION_COUNTER, whole_pages(EXTENT_FIRST));
    if (error)
        unmap_first();
    return error;
}

/* In the child of a fork the pieces of the file are not mapped. Their places may be somebody else's
 * by now: a thread's stack, say, which libc maps past us. */
static void unmap_window(void)
{
    uint64_t page = mt_os_page(), header = (MT_HEADER_BYTES + page - 1) & ~(page - 1);
    if (window_copied && !window_holes)
        mt_os_unmap(window, window_all);
    if (window_copied)
        mt_os_unmap(mt_log.header, HEADER_ROOM);
    if (window_copied)
        return;
    if (window && !window_holes && !mt_log.header)
        mt_os_unmap(window, window_all);
    if (!mt_log.header)
        return;
    for (int r = 0; !window_holes && r < MT_REGION_COUNT; r++)
        if (mt_log.bytes[r] < limit[r])
            mt_os_unmap(mt_log.base[r] + mt_log.bytes[r], limit[r] - mt_log.bytes[r]);
    if (header < HEADER_ROOM)
        mt_os_unmap((char *)mt_log.header + header, HEADER_ROOM - header);
}

void mt_log_copy(void)
{
    uint64_t have[MT_REGION_COUNT] = {0};
    struct mt_header *h = mt_log.header;
    int fd = h && descriptor_is_ours() ? mt_log_file.fd : -1;
    if (!h || mt_os_map_copy(h, MT_HEADER_BYTES, fd, 0) != 0)
        return;
    window_copied = true;
    for (uint32_t i = 0; fd >= 0 && i < h->extents_used; i++) {
        const struct mt_extent *e = &h->extents[i];
        uint64_t bytes = (uint64_t)e->pages * 4096;
        mt_os_map_copy(mt_log.base[e->region] + have[e->region], bytes, fd, e->offset);
        have[e->region] += bytes;
    }
    for (int r = 0; r < MT_REGION_COUNT; r++)
        if (have[r] < mt_log.bytes[r])
            mt_os_map_copy(mt_log.base[r] + have[r], mt_log.bytes[r] - have[r], -1, 0);
}

bool mt_log_copied(void)
{
    return window_copied;
}

void mt_log_forget(void)
{
    if (mt_log_descriptor_is(mt_log_file.fd))
        mt_os_close(mt_log_file.fd);
    unmap_window();
    memset(&mt_log, 0, sizeof mt_log);
    window = NULL;
    window_holes = window_copied = false;
    refused = 0;
    mt_log_file.fd = -1;
    mt_log_file.path[0] = 0;
    mt_log_file.nameless = mt_log_file.temporary = false;
    mt_log_growing.held = record_lock.held = 0;
}
