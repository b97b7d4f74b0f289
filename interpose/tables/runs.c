/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "log/log.h"
#include "tables/counters.h"
#include "tables/runs.h"

/* A run that is closed. */
struct ended {
    int64_t rise;
    int64_t net;
    uint64_t begin_event;
};

static struct mt_wide *wide_of(struct mt_counters *c, uint32_t node)
{
    uint32_t unit = mt_counters_find(c, node, MT_KIND_WIDE);
    return unit ? mt_counters_at(unit) : NULL;
}

/* The run becomes its node's if it rose higher than any before. */
static void keep_if_best(const struct mt_runs *r, struct mt_counters *c, uint32_t node,
                         const struct ended *run)
{
    struct mt_node *n = mt_log_node(node);
    if (n->run_len) {
        int64_t best = n->run_rise;
        if (n->run_len & MT_RUN_WIDE) {
            struct mt_wide *w = wide_of(c, node);
            best = w ? w->rise : INT64_MAX;
        }
        if (run->rise <= best)
            return;
    }
    uint32_t len = (uint32_t)(r->entry->events - run->begin_event) & ~MT_RUN_WIDE;
    bool wide = run->rise > UINT32_MAX || run->net > INT32_MAX || run->net < INT32_MIN;
    struct mt_wide *w = wide ? wide_of(c, node) : NULL;
    if (w) {
        w->rise = run->rise;
        w->net = run->net;
        len |= MT_RUN_WIDE;
    }
    n->run_begin = (uint32_t)run->begin_event;
    n->run_rise = run->rise > UINT32_MAX ? UINT32_MAX : (uint32_t)run->rise;
    n->run_net = run->net > INT32_MAX   ? INT32_MAX
                 : run->net < INT32_MIN ? INT32_MIN
                                        : (int32_t)run->net;
    __atomic_store_n(&n->run_len, len ? len : 1, __ATOMIC_RELEASE);
}

static uint32_t ancestor(uint32_t node, uint32_t levels)
{
    for (; levels; levels--)
        node = mt_log_node(node)->parent;
    return node;
}

/* `count` nodes from `node` outward closed the same run. A node's `covered` says how many of the
 * nodes outward from it, itself included, have risen at least as high as it has. Where that is as
 * high as this run, there is nothing to do for them. Runs only get better, so `covered` stays true
 * until the node itself rises higher. 0: not known, since a run's rise did not fit. */
static void end_runs(const struct mt_runs *r, struct mt_counters *c, uint32_t node, uint32_t count,
                     const struct ended *run)
{
    for (uint32_t left = count, n = node, done;; left -= done, n = ancestor(n, done)) {
        struct mt_node *at = mt_log_node(n);
        done = 1;
        if (!at->run_len || run->rise > at->run_rise) {
            keep_if_best(r, c, n, run);
            at->covered = run->rise > UINT32_MAX ? 0 : left;
        } else {
            if (at->covered > 1)
                done = at->covered;
            if (run->rise == at->run_rise && left > done && !(at->run_len & MT_RUN_WIDE))
                at->covered = left;
        }
        if (done >= left)
            return;
    }
}

void mt_runs_close(struct mt_runs *r, struct mt_counters *c, uint32_t keep)
{
    struct mt_thread_entry *e = r->entry;
    while (e->runs_used && r->depth > keep) {
        struct mt_run *run = &r->runs[e->runs_used - 1];
        uint32_t count = r->depth - keep < run->frames ? r->depth - keep : run->frames;
        struct ended ended = {run->max > run->begin ? run->max - run->begin : 0,
                              e->level - run->begin, run->begin_event};
        uint32_t node = ancestor(run->node, run->skip);
        end_runs(r, c, node, count, &ended);
        r->depth -= count;
        if (count < run->frames) {
            /* The outer ones stay open. What the inner ones reached, these reached, too. */
            run->skip = (uint16_t)(run->skip + count);
            run->frames = (uint16_t)(run->frames - count);
            return;
        }
        if (e->runs_used > 1 && run[-1].max < run->max)
            run[-1].max = run->max;
        e->runs_used--;
    }
}

static bool grow(struct mt_runs *r)
{
    struct mt_thread_entry *e = r->entry;
    uint32_t cap = e->runs_cap ? e->runs_cap * 2 : 64;
    uint64_t first = mt_log_reserve(MT_REGION_RUN, sizeof(struct mt_run), cap);
    if (!first)
        return false;
    struct mt_run *runs = (struct mt_run *)mt_log.base[MT_REGION_RUN] + first;
    if (e->runs_used)
        memcpy(runs, r->runs, e->runs_used * sizeof *runs);
    r->runs = runs;
    e->runs_cap = cap;
    __atomic_store_n(&e->runs, (uint32_t)first, __ATOMIC_RELEASE);
    return true;
}

bool mt_runs_move(struct mt_runs *r, struct mt_counters *c, uint32_t depth, uint32_t same,
                  uint32_t leaf)
{
    struct mt_thread_entry *e = r->entry;
    if (r->depth > same)
        mt_runs_close(r, c, same);
    if (r->depth == depth)
        return true;
    if (e->runs_used == e->runs_cap && !grow(r))
        return false;
    r->runs[e->runs_used] =
        (struct mt_run){e->level, INT64_MIN, e->events, leaf, 0, (uint16_t)(depth - r->depth)};
    r->depth = depth;
    __atomic_store_n(&e->runs_used, e->runs_used + 1, __ATOMIC_RELEASE);
    return true;
}
