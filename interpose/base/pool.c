/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/pool.h"

#include "base/lock.h"
#include "base/own.h"
#include "os/os.h"

#define MOST   ((size_t)16 << 20)
#define LEAST  ((size_t)1 << 20)
#define RANGES 256u

static struct mt_lock lock; /* guards all below */
static struct range {
    uintptr_t start, end;
} whole, ranges[RANGES]; /* what is free, in no order */
static uint32_t used;

/* Under lock. Where there is no room for one more range, its memory is lost. */
static void add(uintptr_t start, uintptr_t end)
{
    for (uint32_t i = 0; i < used;) {
        struct range *r = &ranges[i];
        if (r->end != start && r->start != end) {
            i++;
            continue;
        }
        start = r->start < start ? r->start : start;
        end = r->end > end ? r->end : end;
        *r = ranges[--used];
        i = 0;
    }
    if (used < RANGES)
        ranges[used++] = (struct range){start, end};
}

void mt_pool_fill(void)
{
    void *at = NULL;
    size_t bytes = MOST;
    mt_lock_take(&lock);
    while (!whole.end && bytes >= LEAST && !(at = mt_os_map(bytes)))
        bytes /= 2;
    if (at) {
        whole = (struct range){(uintptr_t)at, (uintptr_t)at + bytes};
        add(whole.start, whole.end);
    }
    mt_lock_drop(&lock);
    if (at)
        mt_own_mapped(at, bytes);
}

void *mt_pool_take(size_t bytes)
{
    uintptr_t at = 0, mask = mt_os_page() - 1;
    bytes = (bytes + mask) & ~mask;
    mt_lock_take(&lock);
    for (uint32_t i = 0; i < used && !at; i++) {
        struct range *r = &ranges[i];
        if (r->end - r->start < bytes)
            continue;
        at = r->start;
        r->start += bytes;
        if (r->start == r->end)
            *r = ranges[--used];
    }
    mt_lock_drop(&lock);
    return (void *)at;
}

void mt_pool_put(void *at, size_t bytes)
{
    uintptr_t mask = mt_os_page() - 1;
    bytes = (bytes + mask) & ~mask;
    if (!mt_os_zero(at, bytes))
        memset(at, 0, bytes);
    mt_lock_take(&lock);
    add((uintptr_t)at, (uintptr_t)at + bytes);
    mt_lock_drop(&lock);
}

bool mt_pool_has(const void *at)
{
    return (uintptr_t)at - whole.start < whole.end - whole.start;
}

void mt_pool_forget(bool torn)
{
    mt_lock_forget(&lock);
    if (torn)
        used = 0;
}
