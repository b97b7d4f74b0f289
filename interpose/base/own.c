/* SPDX-License-Identifier: MIT
 *
 * Big ranges stand in a list, and the kernel is asked which of their pages are in memory, until all are: nothing is ever given
 * back but by unmapping it. Small ones, slabs that are filled soon, count as they are mapped, and so do big ones for which the list
 * has no room.
 *
 * What is mapped, of whatever size, stands in a second list, where neighbours are one: the kernel puts mappings side by side, so
 * it is short. What has no room in it is not known to be ours.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "base/own.h"
#include "os/os.h"

#define BIG        ((size_t)256 << 10)
#define RANGES     512u
#define LOOK_MOST  16u   /* ranges looked at each time, taking turns */
#define PAGES_ONCE 2048u /* of one range asked for at a time */

struct range {
    uintptr_t start, end;
    size_t resident; /* when it was looked at last */
};

static struct mt_lock lock; /* guards all below */
static struct range ranges[RANGES];
static uint32_t used;
static uint32_t turn; /* the range to be looked at next */
static size_t small;  /* bytes that are in no range */
static unsigned char answer[PAGES_ONCE];

#define SPANS 512u
static struct span {
    uintptr_t start, end;
} spans[SPANS]; /* in no order; no two touch */
static uint32_t spans_used;

static void span_add(uintptr_t start, uintptr_t end)
{
    for (uint32_t i = spans_used;
         i-- > 0;) { /* from the end: what takes the place of i was looked at */
        if (spans[i].end < start || spans[i].start > end)
            continue;
        start = spans[i].start < start ? spans[i].start : start;
        end = spans[i].end > end ? spans[i].end : end;
        spans[i] = spans[--spans_used];
    }
    if (spans_used < SPANS)
        spans[spans_used++] = (struct span){start, end};
}

static void span_cut(uintptr_t start, uintptr_t end)
{
    for (uint32_t i = spans_used; i-- > 0;) {
        struct span s = spans[i];
        if (s.end <= start || s.start >= end)
            continue;
        spans[i] = spans[--spans_used];
        if (s.start < start && spans_used < SPANS)
            spans[spans_used++] = (struct span){s.start, start};
        if (s.end > end && spans_used < SPANS)
            spans[spans_used++] = (struct span){end, s.end};
    }
}

static bool add(uintptr_t start, uintptr_t end, size_t resident)
{
    if (end - start < BIG || used == RANGES)
        return false;
    ranges[used++] = (struct range){start, end, resident};
    return true;
}

void mt_own_mapped(const void *at, size_t bytes)
{
    uintptr_t start = (uintptr_t)at;
    mt_lock_take(&lock);
    span_add(start, start + bytes);
    if (!add(start, start + bytes, 0))
        small += bytes;
    mt_lock_drop(&lock);
}

static size_t most(size_t bytes, size_t limit)
{
    return bytes < limit ? bytes : limit;
}

/* [start, end) goes from range i, of which two pieces may stay. What they hold is found out at the next look. */
static void cut(uint32_t i, uintptr_t start, uintptr_t end)
{
    struct range r = ranges[i];
    ranges[i] = ranges[--used];
    if (r.start < start && !add(r.start, start, most(r.resident, start - r.start)))
        small += start - r.start;
    if (end < r.end && !add(end, r.end, most(r.resident, r.end - end)))
        small += r.end - end;
}

void mt_own_unmapped(const void *at, size_t bytes)
{
    uintptr_t start = (uintptr_t)at, end = start + bytes;
    size_t left = bytes;
    mt_lock_take(&lock);
    span_cut(start, end);
    for (uint32_t i = used; i-- > 0;) { /* from the end: what a cut puts in place i was looked at */
        uintptr_t from = ranges[i].start > start ? ranges[i].start : start;
        uintptr_t to = ranges[i].end < end ? ranges[i].end : end;
        if (from >= to)
            continue;
        left -= to - from;
        cut(i, from, to);
    }
    small -= most(left, small);
    mt_lock_drop(&lock);
}

/* Under lock. */
static void look(struct range *r)
{
    size_t page = mt_os_page(), resident = 0;
    for (uintptr_t at = r->start; at < r->end; at += PAGES_ONCE * page) {
        size_t pages = most((r->end - at + page - 1) / page, PAGES_ONCE);
        if (!mt_os_in_memory(at, pages * page, answer))
            return; /* as before */
        for (size_t i = 0; i < pages; i++)
            resident += answer[i] & 1 ? page : 0;
    }
    r->resident = most(resident, r->end - r->start);
}

size_t mt_own_resident(void)
{
    size_t all = 0;
    mt_lock_take(&lock);
    for (uint32_t i = 0, looks = 0; i < used && looks < LOOK_MOST; i++) {
        struct range *r = &ranges[turn++ % used];
        if (r->resident == r->end - r->start)
            continue;
        look(r);
        looks++;
    }
    for (uint32_t i = 0; i < used; i++)
        all += ranges[i].resident;
    all += small;
    mt_lock_drop(&lock);
    return all;
}

void mt_own_each(void (*visit)(void *at, size_t bytes))
{
    mt_lock_take(&lock);
    for (uint32_t i = 0; i < spans_used; i++)
        visit((void *)spans[i].start, spans[i].end - spans[i].start);
    mt_lock_drop(&lock);
}

void mt_own_forget(void)
{
    mt_lock_forget(&lock);
}
