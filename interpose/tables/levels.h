/* SPDX-License-Identifier: MIT
 *
 * What an event does to the process's levels and their peaks. For account.c alone: a header, so that all of it is inlined there.
 */
#ifndef MT_LEVELS_H
#define MT_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/guard.h"
#include "log/log.h"
#include "tables/event.h"

static inline __attribute__((always_inline)) uint64_t add(uint64_t *counter, uint64_t delta)
{
    if (mt_shared())
        return __atomic_add_fetch(counter, delta, __ATOMIC_RELAXED);
    return *counter += delta;
}

static __attribute__((noinline)) void raise_shared(uint64_t *peak, uint64_t level)
{
    uint64_t known = __atomic_load_n(peak, __ATOMIC_RELAXED);
    while (level > known)
        if (__atomic_compare_exchange_n(peak, &known, level, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return;
}

static inline __attribute__((always_inline)) void raise_to(uint64_t *peak, uint64_t level)
{
    if (mt_shared())
        raise_shared(peak, level);
    else
        *peak = level;
}

/* By how much the event changes the level of the process. */
static inline __attribute__((always_inline)) int64_t net_of(const struct mt_event *event)
{
    int64_t net = event->comes && MT_IN_LEVEL(event->class) ? (int64_t)event->bytes : 0;
    for (uint32_t i = 0; i < event->gone_count; i++)
        if (MT_IN_LEVEL(event->gone[i].class))
            net -= (int64_t)event->gone[i].bytes;
    return net;
}

/* A level that falls from the peak ends the climb: from now on every record saves what it had live,
 * before that changes. */
static inline __attribute__((always_inline)) void before(int64_t net)
{
    struct mt_header *h = mt_log.header;
    if (net >= 0 || !__atomic_load_n(&h->at_peak, __ATOMIC_RELAXED))
        return;
    if (!mt_shared()) {
        h->peak_seq++;
        h->at_peak = 0;
    } else if (__atomic_exchange_n(&h->at_peak, 0, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&h->peak_seq, 1, __ATOMIC_RELAXED);
    }
}

static inline __attribute__((always_inline)) void class_level(uint32_t class, int64_t by)
{
    struct mt_class_level *c = &mt_log.header->class_level[class];
    uint64_t level = add(&c->level, (uint64_t)by);
    if (by > 0 && level > __atomic_load_n(&c->peak, __ATOMIC_RELAXED))
        raise_to(&c->peak, level);
}

/* Change the process's levels; returns the new level. A block that moves changes its class by the
 * difference. */
static inline __attribute__((always_inline)) uint64_t levels(const struct mt_event *event,
                                                             int64_t net)
{
    struct mt_header *h = mt_log.header;
    int64_t by = event->comes ? (int64_t)event->bytes : 0;
    for (uint32_t i = 0; i < event->gone_count; i++) {
        if (event->comes && event->gone[i].class == event->class)
            by -= (int64_t)event->gone[i].bytes;
        else
            class_level(event->gone[i].class, -(int64_t)event->gone[i].bytes);
    }
    if (by)
        class_level(event->class, by);
    uint64_t level =
        net ? add(&h->level, (uint64_t)net) : __atomic_load_n(&h->level, __ATOMIC_RELAXED);
    if (net > 0 && level > __atomic_load_n(&h->peak, __ATOMIC_RELAXED)) {
        raise_to(&h->peak, level);
        __atomic_store_n(&h->at_peak, 1, __ATOMIC_RELAXED);
    }
    return level;
}

#endif
