/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

void sums_add(struct sums *sums, const struct sums *more)
{
    sums->allocated += more->allocated;
    sums->released += more->released;
    sums->freed += more->freed;
    sums->at_peak = (int64_t)((uint64_t)sums->at_peak + (uint64_t)more->at_peak);
    sums->allocations += more->allocations;
    sums->releases += more->releases;
    sums->frees += more->frees;
    sums->live_peak += more->live_peak;
    sums->resident = (int64_t)((uint64_t)sums->resident + (uint64_t)more->resident);
    sums->readings += more->readings;
    if (more->happened && (!sums->happened || more->last > sums->last)) {
        sums->last = more->last;
        sums->level = more->level;
        sums->happened = true;
    }
}

/* ---- the counter records of one node ---- */

struct chain {
    struct model *model;
    unsigned char *seen; /* bitmap over units: each belongs to one record of one node */
    uint32_t node;
    struct sums by_class[MT_CLASSES];
    bool present[MT_CLASSES];
    int64_t resident;
    uint64_t readings;
    bool wide_seen;
    struct mt_wide wide;
};

static bool chain_claim(struct chain *chain, uint32_t unit, uint32_t units)
{
    const struct log *log = chain->model->log;
    if (unit >= log->unit_count || units > log->unit_count - unit)
        return false;
    for (uint32_t u = unit; u < unit + units; u++) {
        if (chain->seen[u >> 3] & 1u << (u & 7))
            return false;
        chain->seen[u >> 3] |= (unsigned char)(1u << (u & 7));
    }
    return true;
}

static void chain_alloc(struct chain *chain, uint32_t class, const struct mt_alloc *record)
{
    const struct mt_header *header = &chain->model->log->header;
    uint64_t live = record->allocated - record->freed;
    uint64_t held =
        !header->at_peak && record->saved_seq == header->peak_seq ? record->saved : live;
    struct sums one = {.allocated = record->allocated,
                       .freed = record->freed,
                       .at_peak = class_counts(class) ? (int64_t)held : 0,
                       .allocations = record->allocs,
                       .frees = record->frees,
                       .live_peak = record->live_peak,
                       .last = record->last,
                       .level = record->level,
                       .happened = record->allocs > 0};
    sums_add(&chain->by_class[class], &one);
    chain->present[class] = true;
}

static void chain_release(struct chain *chain, uint32_t class, const struct mt_release *record)
{
    struct sums one = {.released = record->released,
                       .releases = record->releases,
                       .last = record->last,
                       .level = record->level,
                       .happened = record->releases > 0};
    sums_add(&chain->by_class[class], &one);
    chain->present[class] = true;
}

/* One record at `unit`; false when it is not one. */
static bool chain_record(struct chain *chain, uint32_t kind, const unsigned char *unit)
{
    if (kind >= MT_KIND_ALLOC && kind < MT_KIND_ALLOC + MT_CLASSES) {
        struct mt_alloc record;
        memcpy(&record, unit, sizeof record);
        chain_alloc(chain, kind - MT_KIND_ALLOC, &record);
    } else if (kind >= MT_KIND_RELEASE && kind < MT_KIND_RELEASE + MT_CLASSES) {
        struct mt_release record;
        memcpy(&record, unit, sizeof record);
        chain_release(chain, kind - MT_KIND_RELEASE, &record);
    } else if (kind == MT_KIND_RESIDENT) {
        struct mt_resident record;
        memcpy(&record, unit, sizeof record);
        chain->resident = (int64_t)((uint64_t)chain->resident + (uint64_t)record.grown);
        chain->readings += record.readings;
    } else if (kind == MT_KIND_WIDE) {
        memcpy(&chain->wide, unit, sizeof chain->wide);
        chain->wide_seen = true;
    } else {
        return false;
    }
    return true;
}

/* Follow a node's chain. Its length is bounded, since each unit is claimed once in the whole log.
 */
static void chain_walk(struct chain *chain, uint32_t unit)
{
    struct log *log = chain->model->log;
    while (unit) {
        uint64_t at = (uint64_t)unit * MT_UNIT;
        if (unit >= log->unit_count) {
            if (!log->truncated)
                log_problem_in(log, MT_REGION_NODE, (uint64_t)chain->node * sizeof(struct mt_node),
                               "node %u has counters at %u of %u", chain->node, unit,
                               log->unit_count);
            return;
        }
        uint32_t link;
        memcpy(&link, log->units + at, sizeof link);
        uint32_t kind = MT_LINK_KIND(link);
        if (!kind)
            return; /* reserved, not filled in yet */
        uint32_t units = kind < MT_KIND_RELEASE ? 2 : 1;
        if (!chain_claim(chain, unit, units)) {
            log_problem_in(log, MT_REGION_COUNTER, at,
                           "the counter record at %u belongs to two nodes or is cut", unit);
            return;
        }
        if (!chain_record(chain, kind, log->units + at)) {
            log_problem_in(log, MT_REGION_COUNTER, at, "a counter record of unknown kind %u", kind);
            return;
        }
        unit = MT_LINK_NEXT(link);
    }
}

/* The resident set is no class's: it goes with the first entry of the node. */
static void chain_finish(struct chain *chain, size_t *cap)
{
    struct model *model = chain->model;
    bool placed = !chain->readings && !chain->resident;
    for (uint32_t class = 0; class < MT_CLASSES; class ++) {
        if (!chain->present[class] && (placed || class != MT_HEAP))
            continue;
        struct model_entry entry = {chain->node, class, chain->by_class[class]};
        if (!placed) {
            entry.sums.resident = chain->resident;
            entry.sums.readings = chain->readings;
            placed = true;
        }
        model->entries =
            base_room(model->entries, cap, model->entry_count + 1, sizeof *model->entries);
        model->entries[model->entry_count++] = entry;
        sums_add(&model->classes[class], &entry.sums);
        if (class_counts(class))
            sums_add(&model->total, &entry.sums);
    }
}

/* ---- nodes and runs ---- */

/* Native and Python frames, a cut mark, the thread's root. Whatever prints a stack for each node relies on it. */
#define DEEPEST (2 * MT_DEPTH_MAX + 4)
/* Steps that open runs may take, beside one for each node: those of an honest log need not be linear in its size, as
 * an entry's first nodes may have been on the stack of others, too. */
#define RUN_STEPS ((uint64_t)1 << 24)

static void model_run_take(struct model *model, const struct mt_node *raw, struct model_node *node,
                           const struct chain *chain, uint32_t index)
{
    node->run.begin = raw->run_begin;
    node->run.len = raw->run_len & ~MT_RUN_WIDE;
    node->run.rise = raw->run_rise;
    node->run.net = raw->run_net;
    if (!(raw->run_len & MT_RUN_WIDE))
        return;
    if (chain->wide_seen) {
        node->run.rise = chain->wide.rise;
        node->run.net = chain->wide.net;
    } else {
        node->run.len = 0;
        if (!model->log->truncated)
            log_problem_in(model->log, MT_REGION_NODE, (uint64_t)index * sizeof *raw,
                           "node %u has a wide run without its record", index);
    }
    if (node->run.rise < 0)
        node->run.rise = 0;
}

/* `depth`: of all nodes before this one; the root's is 0. */
static void model_node_take(struct model *model, uint32_t index, unsigned char *seen,
                            uint32_t *depth, size_t *cap)
{
    struct log *log = model->log;
    const struct mt_node *raw = &log->nodes[index];
    struct model_node *node = &model->nodes[index];
    uint64_t at = (uint64_t)index * sizeof *raw;
    if (raw->parent >= index)
        log_problem_in(log, MT_REGION_NODE, at, "node %u has parent %u", index, raw->parent);
    else if (depth[raw->parent] == DEEPEST)
        log_problem_in(log, MT_REGION_NODE, at, "node %u is deeper than any stack", index);
    else
        node->parent = raw->parent;
    depth[index] = depth[node->parent] + 1;
    if (raw->frame < log->frame_count)
        node->frame = raw->frame;
    else if (!log->truncated)
        log_problem_in(log, MT_REGION_NODE, at, "node %u has frame %u of %u", index, raw->frame,
                       log->frame_count);
    node->thread = model->nodes[node->parent].thread;
    const struct mt_frame_entry *frame = node->frame ? &log->frames[node->frame] : NULL;
    if (frame && frame->kind == MT_FRAME_THREAD && !node->parent &&
        frame->owner < log->thread_count)
        node->thread = frame->owner;
    node->outside = model->nodes[node->parent].outside;
    if (frame && frame->kind == MT_FRAME_THREAD && !node->parent)
        node->outside = frame->value < model->periods.first || frame->value > model->periods.last;
    if (node->outside) {
        node->frame = 0;
        return;
    }
    struct chain chain = {.model = model, .seen = seen, .node = index};
    if (raw->counters) {
        chain_walk(&chain, raw->counters);
        chain_finish(&chain, cap);
    }
    model_run_take(model, raw, node, &chain, index);
}

/* Node 0 has what could not be given to a node: it happened in whatever period. */
static void model_lost_take(struct model *model, unsigned char *seen, size_t *cap)
{
    const struct log *log = model->log;
    struct chain chain = {.model = model, .seen = seen};
    if (model->periods.first || model->periods.last < log->header.period || !log->node_count)
        return;
    chain_walk(&chain, log->nodes[0].counters);
    for (uint32_t class = 0; class < MT_CLASSES; class ++)
        chain.present[class] = true; /* model_settle wants them */
    chain_finish(&chain, cap);
    for (uint32_t class = 0; class < MT_CLASSES; class ++)
        sums_add(&model->lost, &chain.by_class[class]);
}

/* A difference that cannot overflow, whatever the file says. */
static int64_t minus(int64_t a, int64_t b)
{
    int64_t result;
    if (__builtin_sub_overflow(a, b, &result))
        return a < b ? INT64_MIN : INT64_MAX;
    return result;
}

/* An open run ends, for all its nodes: it competes with each one's best run so far. */
static void model_close_run(struct model *model, const struct mt_thread_entry *thread,
                            const struct mt_run *open, int64_t highest, uint64_t *budget)
{
    const struct log *log = model->log;
    struct model_run run = {.begin = (uint32_t)open->begin_event,
                            .len = (uint32_t)(thread->events - open->begin_event) & ~MT_RUN_WIDE,
                            .net = minus(thread->level, open->begin)};
    if (highest > open->begin)
        run.rise = minus(highest, open->begin);
    uint32_t node = open->node;
    for (uint32_t i = 0; i < (uint32_t)open->skip + open->frames && node; i++) {
        if (!*budget || node >= log->node_count)
            return;
        --*budget;
        struct model_run *best = &model->nodes[node].run;
        if (i >= open->skip && !model->nodes[node].outside && (!best->len || run.rise > best->rise))
            *best = run;
        node = model->nodes[node].parent; /* of a lower index, or 0: no loop */
    }
}

/* False when the budget is spent. */
static bool model_close_runs(struct model *model, const struct mt_thread_entry *thread,
                             uint64_t *budget)
{
    const struct log *log = model->log;
    int64_t highest = INT64_MIN;
    for (uint32_t i = thread->runs_used; i-- > 0 && *budget; --*budget) {
        const struct mt_run *open = &log->runs[thread->runs + i];
        if (open->max > highest)
            highest = open->max;
        if (open->begin_event <= thread->events)
            model_close_run(model, thread, open, highest, budget);
        if (!*budget)
            return false;
    }
    return *budget > 0;
}

static void model_threads(struct model *model)
{
    struct log *log = model->log;
    uint64_t budget = RUN_STEPS + log->node_count;
    for (uint32_t i = 1; i < log->thread_count; i++) {
        const struct mt_thread_entry *thread = &log->threads[i];
        model->events += thread->events;
        if (!thread->leaf || !thread->runs_used)
            continue;
        if (thread->runs > log->run_count || thread->runs_used > log->run_count - thread->runs) {
            if (!log->truncated)
                log_problem_in(log, MT_REGION_THREAD, (uint64_t)i * sizeof *thread,
                               "thread %u has open runs %u + %u of %u", i, thread->runs,
                               thread->runs_used, log->run_count);
            continue;
        }
        if (!model_close_runs(model, thread, &budget)) {
            log_problem_in(log, MT_REGION_THREAD, (uint64_t)i * sizeof *thread,
                           "open runs of more nodes than there can be");
            return;
        }
    }
}

/* Node 0's entry of a class gives or takes so that its frees are its releases. */
static void model_settle_class(struct model *model, struct sums *own, struct sums *all)
{
    int64_t bytes = (int64_t)(all->freed - all->released);
    int64_t count = (int64_t)(all->frees - all->releases);
    struct sums more = {0};
    if (bytes >= 0)
        more.released = (uint64_t)bytes;
    else
        more.freed = (uint64_t)0 - (uint64_t)bytes;
    if (count >= 0)
        more.releases = (uint64_t)count;
    else
        more.frees = (uint64_t)0 - (uint64_t)count;
    sums_add(own, &more);
    sums_add(all, &more);
    model->under_way = (int64_t)((uint64_t)model->under_way + (uint64_t)count);
    model->under_way_bytes = (int64_t)((uint64_t)model->under_way_bytes + (uint64_t)bytes);
}

/* A log that was read, or left, in the middle of events: what was allocated is live or released all the same, and the levels
 * are those of what was read. */
static void model_settle(struct model *model)
{
    struct mt_header *header = &model->log->header;
    bool ended = header->end != MT_END_UNKNOWN && !(header->flags & MT_FLAG_THREADS);
    if (ended || model->log->truncated || model->entry_count < MT_CLASSES || model->entries[0].node)
        return;
    model->total = (struct sums){0};
    header->level = 0;
    for (uint32_t class = 0; class < MT_CLASSES; class ++) {
        struct mt_class_level *level = &header->class_level[class];
        struct sums *all = &model->classes[class];
        model_settle_class(model, &model->entries[class].sums, all);
        level->level = all->allocated - all->freed;
        if (level->peak < level->level)
            level->peak = level->level;
        if (class_counts(class)) {
            sums_add(&model->total, all);
            header->level += level->level;
        }
    }
    if (header->peak < header->level)
        header->peak = header->level;
}

void model_make_periods(struct model *model, struct log *log, struct model_periods periods)
{
    *model = (struct model){.log = log, .periods = periods};
    model->nodes = base_alloc(log->node_count + (size_t)1, sizeof *model->nodes);
    unsigned char *seen = base_alloc(log->unit_count / 8 + (size_t)1, 1);
    uint32_t *depth = base_alloc(log->node_count + (size_t)1, sizeof *depth);
    size_t cap = 0;
    static const struct mt_node unused;
    model_lost_take(model, seen, &cap);
    for (uint32_t i = 1; i < log->node_count; i++)
        if (memcmp(&log->nodes[i], &unused, sizeof unused))
            model_node_take(model, i, seen, depth, &cap);
    model_settle(model);
    free(depth);
    free(seen);
    model_threads(model);
}

void model_make(struct model *model, struct log *log)
{
    model_make_periods(model, log, MODEL_ALL_PERIODS);
}

void model_free(struct model *model)
{
    free(model->nodes);
    free(model->entries);
    *model = (struct model){0};
}
