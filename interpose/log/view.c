/* SPDX-License-Identifier: MIT */
#include "log/view.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "os/os.h"

#define HEADER_ROOM 65536u /* address space for the header: a page of any size */
#define VIEWS_MAX   32u

static const struct {
    uint64_t first, most; /* address space of the first view; bytes that the region may have */
} sizes[MT_REGION_COUNT] = {
    [MT_REGION_NODE] = {512u << 10, 16ull << 30},   [MT_REGION_COUNTER] = {512u << 10, 2ull << 30},
    [MT_REGION_FRAME] = {128u << 10, 1ull << 28},   [MT_REGION_RECORD] = {512u << 10, 4ull << 30},
    [MT_REGION_THREAD] = {64u << 10, 1ull << 28},   [MT_REGION_RUN] = {128u << 10, 1ull << 30},
    [MT_REGION_TIMELINE] = {64u << 10, 64u << 10}, /* keeps its size, which is whole pages of any system */
    [MT_REGION_STRETCH] = {128u << 10, 1ull << 30}, [MT_REGION_FINISH] = {128u << 10, 1ull << 30},
};

struct view {
    char *at;
    uint64_t room;   /* address space */
    uint64_t filled; /* bytes of the file that are mapped in it */
    /* a mapping in it failed: the kernel may have given what is behind `filled` to somebody else */
    bool holes;
};
static struct view views[MT_REGION_COUNT][VIEWS_MAX];
static uint32_t views_used[MT_REGION_COUNT];
static struct mt_header *header; /* NULL: nothing is mapped */
static bool copied;              /* mt_views_copy */

static uint64_t whole_pages(uint64_t bytes)
{
    uint64_t mask = mt_os_page() - 1;
    return (bytes + mask) & ~mask;
}

/* Map the region's pieces, as far as they fit in `bytes`, to `at`. */
static int map_pieces(enum mt_region region, char *at, uint64_t bytes, int fd,
                      int (*map)(void *at, size_t bytes, int fd, uint64_t offset))
{
    uint64_t done = 0;
    for (uint32_t i = 0; i < header->extents_used && done < bytes; i++) {
        const struct mt_extent *e = &header->extents[i];
        if (e->region != (uint32_t)region)
            continue;
        uint64_t piece = (uint64_t)e->pages * 4096;
        int error = map(at + done, piece, fd, e->offset);
        if (error)
            return error;
        done += piece;
    }
    return 0;
}

/* Address space for a view of at least `bytes`, better of `room`. */
static bool reserve(struct view *v, uint64_t bytes, uint64_t room)
{
    v->at = mt_os_reserve(room);
    if (!v->at && room > bytes)
        v->at = mt_os_reserve(room = bytes);
    v->room = room;
    return v->at;
}

int mt_views_begin(int fd, struct mt_header **mapped)
{
    char *at = mt_os_reserve(HEADER_ROOM);
    if (!at)
        return -ENOMEM;
    int error = mt_os_map_file(at, MT_HEADER_BYTES, fd, 0);
    if (error) /* the place may be somebody else's by now */
        return error;
    *mapped = header = (struct mt_header *)at;
    return 0;
}

int mt_view_room(enum mt_region region, uint64_t bytes, int fd, char **base)
{
    uint32_t used = views_used[region];
    const struct view *last = used ? &views[region][used - 1] : NULL;
    if (bytes > sizes[region].most)
        return -ENOMEM;
    if (last && !last->holes && bytes <= last->room)
        return 0;
    struct view v = {.filled = last ? last->filled : 0};
    uint64_t room = last ? last->room * 2 : sizes[region].first;
    while (room < bytes)
        room *= 2;
    if (used == VIEWS_MAX || !reserve(&v, whole_pages(bytes), whole_pages(room)))
        return -ENOMEM;
    int error = map_pieces(region, v.at, v.filled, fd, mt_os_map_file);
    if (error) /* what is mapped by now stays, and nobody uses it: its end may be somebody else's */
        return error;
    views[region][used] = v;
    views_used[region] = used + 1;
    __atomic_store_n(base, v.at, __ATOMIC_RELEASE);
    /* Each view's pages would count in the resident set. */
    if (last && last->filled)
        mt_os_not_resident(last->at, last->filled);
    return 0;
}

int mt_view_extend(enum mt_region region, uint64_t bytes, int fd, uint64_t offset)
{
    struct view *v = &views[region][views_used[region] - 1];
    int error = mt_os_map_file(v->at + v->filled, bytes, fd, offset);
    if (!error)
        v->filled += bytes;
    else if (error != -EAGAIN && error != -EPERM) /* those two come before anything is done */
        v->holes = true;
    return error;
}

bool mt_views_move(int fd)
{
    bool whole = mt_os_map_file(header, MT_HEADER_BYTES, fd, 0) == 0;
    for (unsigned r = 1; r < MT_REGION_COUNT; r++)
        for (uint32_t i = 0; i < views_used[r] && whole; i++) {
            const struct view *v = &views[r][i];
            whole = map_pieces(r, v->at, v->filled, fd, mt_os_map_file) == 0;
        }
    return whole;
}

/* Views of one region don't show the same memory any more. What is written in one of them is not seen
 * in another; but each has what was there at the fork, so no index leads astray. */
bool mt_views_copy(int fd)
{
    if (mt_os_map_copy(header, MT_HEADER_BYTES, fd, 0) != 0)
        return false;
    copied = true;
    for (unsigned r = 1; r < MT_REGION_COUNT; r++)
        for (uint32_t i = 0; i < views_used[r]; i++) {
            const struct view *v = &views[r][i];
            if (fd < 0)
                mt_os_map_copy(v->at, v->filled, -1, 0);
            else
                map_pieces(r, v->at, v->filled, fd, mt_os_map_copy);
        }
    return true;
}

bool mt_views_copied(void)
{
    return copied;
}

void mt_views_each(void (*visit)(void *at, size_t bytes))
{
    if (header)
        visit(header, HEADER_ROOM);
    for (unsigned r = 1; r < MT_REGION_COUNT; r++)
        for (uint32_t i = 0; i < views_used[r]; i++) {
            const struct view *v = &views[r][i];
            visit(v->at, v->holes ? v->filled : v->room);
        }
}

/* `mapped`: the file's pieces are ours to unmap, too. */
static void unmap(bool mapped)
{
    for (unsigned r = 1; r < MT_REGION_COUNT; r++) {
        for (uint32_t i = 0; i < views_used[r]; i++) {
            const struct view *v = &views[r][i];
            uint64_t from = mapped ? 0 : v->filled, to = v->holes ? v->filled : v->room;
            if (from < to)
                mt_os_unmap(v->at + from, to - from);
        }
        views_used[r] = 0;
    }
    uint64_t from = mapped ? 0 : whole_pages(MT_HEADER_BYTES);
    if (header && from < HEADER_ROOM)
        mt_os_unmap((char *)header + from, HEADER_ROOM - from);
    header = NULL;
}

void mt_views_forget(void)
{
    unmap(copied);
    copied = false;
}

void mt_views_leave(void)
{
    for (unsigned r = 1; r < MT_REGION_COUNT; r++)
        for (uint32_t i = 0; i < views_used[r]; i++)
            if (views[r][i].filled)
                mt_os_leave_file(views[r][i].at, views[r][i].filled);
    if (header)
        mt_os_leave_file(header, whole_pages(MT_HEADER_BYTES));
}

void mt_views_end(void)
{
    unmap(true);
}
