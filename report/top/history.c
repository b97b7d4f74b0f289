/* SPDX-License-Identifier: MIT */
#include "top/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static int by_id(const void *a, const void *b)
{
    const struct top_then *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void drop(struct top_history *history, size_t index)
{
    free(history->past[index].list);
    history->count--;
    memmove(&history->past[index], &history->past[index + 1],
            (history->count - index) * sizeof history->past[0]);
}

void history_clear(struct top_history *history)
{
    while (history->count)
        drop(history, history->count - 1);
    history->fixed = false;
}

void history_add(struct top_history *history, const struct top_reading *reading)
{
    struct top_past past = {.at = reading->at,
                            .list = base_alloc(reading->count + 1, sizeof *past.list)};
    for (size_t i = 0; i < reading->count; i++) {
        const struct top_item *item = &reading->items[i];
        if (past.count < reading->count)
            past.list[past.count++] = (struct top_then){item->id, item->figure, item->allocations};
    }
    qsort(past.list, past.count, sizeof *past.list, by_id);
    /* one that is old enough to be compared with is kept, older ones are not */
    while (!history->fixed && history->count >= 2 && history->past[1].at + TOP_BACK <= past.at)
        drop(history, 0);
    if (history->count == TOP_KEPT)
        drop(history, 1);
    history->past[history->count++] = past;
}

void history_fix(struct top_history *history)
{
    while (history->count > 1)
        drop(history, 0);
    history->fixed = true;
}

static const struct top_then *find(const struct top_past *past, uint64_t id)
{
    struct top_then key = {.id = id};
    return bsearch(&key, past->list, past->count, sizeof key, by_id);
}

bool history_change(const struct top_history *history, const struct top_item *item, int64_t *change)
{
    if (history->count < 2)
        return false;
    const struct top_then *then = find(&history->past[0], item->id);
    *change = item->figure - (then ? then->figure : 0);
    return true;
}

bool history_rate(const struct top_history *history, const struct top_item *item, double *rate)
{
    if (history->count < 2)
        return false;
    const struct top_past *last = &history->past[history->count - 2];
    uint64_t apart = history->past[history->count - 1].at - last->at;
    const struct top_then *then = find(last, item->id);
    uint64_t before = then ? then->allocations : 0;
    if (!apart || item->allocations < before)
        return false;
    *rate = (double)(item->allocations - before) * 1e9 / (double)apart;
    return true;
}

uint64_t history_age(const struct top_history *history)
{
    return history->count < 2 ? 0 : history->past[history->count - 1].at - history->past[0].at;
}
