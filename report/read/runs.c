/* SPDX-License-Identifier: MIT */
#include "read/runs.h"

#include <stdlib.h>

#include "base/base.h"
#include "read/tables.h"

/* Steps that open runs may take, beside one for each node: those of an honest log need not be linear in its size, as
 * an entry's first nodes may have been on the stack of others, too. */
#define RUN_STEPS ((uint64_t)1 << 24)

void runs_start(struct runs *runs, uint32_t node_count)
{
    runs->of_node = base_alloc(node_count + (size_t)1, sizeof *runs->of_node);
}

void runs_free(struct runs *runs)
{
    free(runs->of_node);
    runs->of_node = NULL;
}

void runs_take(struct runs *runs, struct log *log, uint32_t index, const struct mt_wide *wide)
{
    const struct mt_node *raw = &log->tables->nodes[index];
    struct run *run = &runs->of_node[index];
    run->begin = raw->run_begin;
    run->len = raw->run_len & ~MT_RUN_WIDE;
    run->rise = raw->run_rise;
    run->net = raw->run_net;
    if (!(raw->run_len & MT_RUN_WIDE))
        return;
    if (wide) {
        run->rise = wide->rise;
        run->net = wide->net;
    } else {
        run->len = 0;
        if (!log->truncated)
            log_problem_in(log, MT_REGION_NODE, (uint64_t)index * sizeof *raw,
                           "node %u has a wide run without its record", index);
    }
    if (run->rise < 0)
        run->rise = 0;
}

/* A difference that cannot overflow, whatever the file says. */
static int64_t minus(int64_t a, int64_t b)
{
    int64_t result;
    if (__builtin_sub_overflow(a, b, &result))
        return a < b ? INT64_MIN : INT64_MAX;
    return result;
}

/* The open runs of one thread are closed. */
struct closing {
    struct runs *runs;
    const struct tables *tables;
    const struct node *nodes;
    const struct mt_thread_entry *thread;
    uint64_t budget; /* steps that are left, of all threads */
};

/* An open run ends, for all its nodes: it competes with each one's best run so far. */
static void close_run(struct closing *closing, const struct mt_run *open, int64_t highest)
{
    const struct mt_thread_entry *thread = closing->thread;
    struct run run = {.begin = (uint32_t)open->begin_event,
                      .len = (uint32_t)(thread->events - open->begin_event) & ~MT_RUN_WIDE,
                      .net = minus(thread->level, open->begin)};
    if (highest > open->begin)
        run.rise = minus(highest, open->begin);
    uint32_t node = open->node;
    for (uint32_t i = 0; i < (uint32_t)open->skip + open->frames && node; i++) {
        if (!closing->budget || node >= closing->tables->node_count)
            return;
        --closing->budget;
        struct run *best = &closing->runs->of_node[node];
        if (i >= open->skip && !closing->nodes[node].outside &&
            (!best->len || run.rise > best->rise))
            *best = run;
        node = closing->nodes[node].parent; /* of a lower index, or 0: no loop */
    }
}

/* False when the budget is spent. */
static bool close_thread(struct closing *closing)
{
    const struct mt_thread_entry *thread = closing->thread;
    int64_t highest = INT64_MIN;
    for (uint32_t i = thread->runs_used; i-- > 0 && closing->budget; --closing->budget) {
        const struct mt_run *open = &closing->tables->runs[thread->runs + i];
        if (open->max > highest)
            highest = open->max;
        if (open->begin_event <= thread->events)
            close_run(closing, open, highest);
        if (!closing->budget)
            return false;
    }
    return closing->budget > 0;
}

void runs_close(struct runs *runs, struct log *log, const struct node *nodes)
{
    const struct tables *tables = log->tables;
    struct closing closing = {
        .runs = runs, .tables = tables, .nodes = nodes, .budget = RUN_STEPS + tables->node_count};
    for (uint32_t i = 1; i < tables->thread_count; i++) {
        const struct mt_thread_entry *thread = &tables->threads[i];
        if (!thread->leaf || !thread->runs_used)
            continue;
        if (thread->runs > tables->run_count ||
            thread->runs_used > tables->run_count - thread->runs) {
            if (!log->truncated)
                log_problem_in(log, MT_REGION_THREAD, (uint64_t)i * sizeof *thread,
                               "thread %u has open runs %u + %u of %u", i, thread->runs,
                               thread->runs_used, tables->run_count);
            continue;
        }
        closing.thread = thread;
        if (!close_thread(&closing)) {
            log_problem_in(log, MT_REGION_THREAD, (uint64_t)i * sizeof *thread,
                           "the open runs have too many nodes");
            return;
        }
    }
}
