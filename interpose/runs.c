/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "counters.h"
#include "log.h"
#include "runs.h"
#include "tree.h"

static struct mt_wide *wide_of(struct mt_thread *t, uint32_t node)
{
    uint32_t unit = mt_counters_find(t, node, MT_KIND_WIDE);
    return unit ? mt_counters_at(unit) : NULL;
}

/* The closed run becomes its node's if it rose higher than any before. */
static void keep_if_best(struct mt_thread *t, const struct mt_run *run, int64_t rise, int64_t net)
{
    struct mt_node *n = mt_tree_node(run->node);
    if (n->run_len) {
        int64_t best = n->run_rise;
        if (n->run_len & MT_RUN_WIDE) {
            struct mt_wide *w = wide_of(t, run->node);
            best = w ? w->rise : INT64_MAX;
        }
        if (rise <= best)
            return;
    }
    uint32_t len = (uint32_t)(t->entry->events - run->begin_event) & ~MT_RUN_WIDE;
    bool wide = rise > UINT32_MAX || net > INT32_MAX || net < INT32_MIN;
    struct mt_wide *w = wide ? wide_of(t, run->node) : NULL;
    if (w) {
        w->rise = rise;
        w->net = net;
        len |= MT_RUN_WIDE;
    }
    n->run_begin = (uint32_t)run->begin_event;
    n->run_rise = rise > UINT32_MAX ? UINT32_MAX : (uint32_t)rise;
    n->run_net = net > INT32_MAX ? INT32_MAX : net < INT32_MIN ? INT32_MIN : (int32_t)net;
    __atomic_store_n(&n->run_len, len ? len : 1, __ATOMIC_RELEASE);
}

void mt_runs_close(struct mt_thread *t, uint32_t keep)
{
    uint32_t used = t->entry->runs_used;
    while (used > keep) {
        struct mt_run *run = &t->runs[--used];
        int64_t rise = run->max > run->begin ? run->max - run->begin : 0;
        keep_if_best(t, run, rise, t->entry->level - run->begin);
        if (used && t->runs[used - 1].max < run->max)
            t->runs[used - 1].max = run->max;
        t->entry->runs_used = used;
    }
}

static bool grow(struct mt_thread *t, uint32_t need)
{
    struct mt_thread_entry *e = t->entry;
    uint32_t cap = e->runs_cap ? e->runs_cap : 64;
    while (cap < need)
        cap *= 2;
    uint64_t first = mt_log_reserve(MT_REGION_RUN, sizeof(struct mt_run), cap);
    if (!first)
        return false;
    struct mt_run *runs = (struct mt_run *)mt_log.base[MT_REGION_RUN] + first;
    if (e->runs_used)
        memcpy(runs, t->runs, e->runs_used * sizeof *runs);
    t->runs = runs;
    e->runs_cap = cap;
    __atomic_store_n(&e->runs, (uint32_t)first, __ATOMIC_RELEASE);
    return true;
}

bool mt_runs_move(struct mt_thread *t, uint32_t same)
{
    struct mt_thread_entry *e = t->entry;
    uint32_t depth = t->keys_used + 1;
    if (same < e->runs_used)
        mt_runs_close(t, same);
    if (depth > e->runs_cap && !grow(t, depth))
        return false;
    for (uint32_t i = e->runs_used; i < depth; i++)
        t->runs[i] = (struct mt_run){e->level, INT64_MIN, e->events, t->path[i], 0};
    __atomic_store_n(&e->runs_used, depth, __ATOMIC_RELEASE);
    return true;
}
