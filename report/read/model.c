/* SPDX-License-Identifier: MIT */
#include "read/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "read/counters.h"

/* ---- the counter records of one node ---- */

/* What is known of a few of the units: most are found out by their bit. */
struct units {
    unsigned char *there;
    struct map map;
};

struct chain {
    struct model *model;
    unsigned char *seen; /* bitmap over units: each belongs to one record of one node */
    uint32_t node;
    /* Of the present node; all zero before it, and after chain_finish. */
    struct sums by_class[CLASSES];
    bool present[CLASSES];
    uint32_t last_class;   /* of the last mt_alloc, CLASSES: none */
    uint32_t grown_from;   /* unit of the mt_small right before, if it has moved; 0: none */
    struct sums unclassed; /* resident and discarded */
    struct units finishes; /* of mt_alloc -> 1 + its entry in FINISH */
    struct units slacks;   /* ... -> 1 + its entry in log->slacks */
};

static bool chain_claim(struct chain *chain, uint32_t unit, uint32_t units)
{
    const struct tables *tables = chain->model->log->tables;
    if (unit >= tables->unit_count || units > tables->unit_count - unit)
        return false;
    for (uint32_t u = unit; u < unit + units; u++) {
        if (chain->seen[u >> 3] & 1u << (u & 7))
            return false;
        chain->seen[u >> 3] |= (unsigned char)(1u << (u & 7));
    }
    return true;
}

static void units_put(struct units *units, uint32_t unit, uint32_t value, uint32_t unit_count)
{
    if (unit >= unit_count)
        return;
    *map_at(&units->map, unit) = value;
    units->there[unit >> 3] |= (unsigned char)(1u << (unit & 7));
}

static uint32_t units_at(struct units *units, uint32_t unit)
{
    return units->there[unit >> 3] & 1u << (unit & 7) ? *map_at(&units->map, unit) : 0;
}

/* What the record had live when the program finished, less what it has now. One that has grown may have been a small one then. */
static int64_t late_of(struct chain *chain, uint32_t unit, uint64_t live)
{
    const struct tables *tables = chain->model->log->tables;
    if (!tables->finish_count)
        return 0;
    uint32_t found = chain->grown_from ? units_at(&chain->finishes, chain->grown_from) : 0;
    if (!found)
        found = units_at(&chain->finishes, unit);
    return found ? (int64_t)(tables->finishes[found - 1].live - live) : 0;
}

static uint64_t slack_at(struct chain *chain, uint32_t unit)
{
    const struct log *log = chain->model->log;
    uint32_t found = unit && log->slack_count ? units_at(&chain->slacks, unit) : 0;
    return found && log->header.slack ? log->slacks[found - 1].bytes : 0;
}

static uint64_t slack_of(struct chain *chain, uint32_t unit)
{
    return slack_at(chain, unit) + slack_at(chain, chain->grown_from);
}

/* A mapping may be released in several parts. */
static uint64_t blocks_left(uint32_t allocations, uint32_t gone)
{
    return gone < allocations ? allocations - gone : 0;
}

/* Of the record's blocks, how many were live at the peak. `saved`: that was kept, as they have changed since. */
static uint64_t blocks_at_peak(const struct chain *chain, const struct mt_alloc *record,
                               uint64_t live, bool saved)
{
    if (!chain->model->log->header.held)
        return 0;
    if (!saved)
        return live;
    return record->held <= INT32_MAX ? record->held : 0; /* below 0: as above */
}

static void chain_alloc(struct chain *chain, uint32_t class, uint32_t unit,
                        const struct mt_alloc *record)
{
    const struct mt_header *header = &chain->model->log->tables->header;
    uint64_t live = record->allocated - record->gone;
    uint32_t allocations = tables_allocs(chain->model->log->tables, record->allocs);
    bool changed = (record->saved_seq ^ header->peak_seq) & ~MT_SEQ_FINISHED;
    bool saved = !header->at_peak && !changed;
    struct sums one = {.allocated = record->allocated,
                       .gone = record->gone,
                       .late = late_of(chain, unit, live),
                       .at_peak = (int64_t)(saved ? record->saved : live),
                       .blocks_at_peak = blocks_at_peak(
                           chain, record, blocks_left(allocations, record->gone_count), saved),
                       .slack = slack_of(chain, unit),
                       .allocations = allocations,
                       .gone_count = record->gone_count,
                       .live_peak = record->live_peak,
                       .temporary = record->temporary,
                       .temporary_bytes = record->temporary_bytes,
                       .last = record->last,
                       .level = record->level,
                       .happened = allocations > 0 && log_tells_levels(chain->model->log)};
    sums_add(&chain->by_class[class], &one);
    chain->present[class] = true;
    chain->last_class = class;
}

static void chain_release(struct chain *chain, uint32_t class, const struct mt_release *record)
{
    struct sums one = {.released = record->released,
                       .releases = record->releases,
                       .last = record->last,
                       .level = record->level,
                       .happened = record->releases > 0 && log_tells_levels(chain->model->log)};
    sums_add(&chain->by_class[class], &one);
    chain->present[class] = true;
}

static void chain_discard(struct chain *chain, const struct mt_discard *record)
{
    struct sums one = {.discarded = record->discarded,
                       .discards = record->discards,
                       .last = record->last,
                       .level = record->level,
                       .happened = record->discards > 0 && log_tells_levels(chain->model->log)};
    sums_add(&chain->unclassed, &one);
}

/* Of the mt_alloc before it; false: there is none. */
static bool chain_temporary(struct chain *chain, const struct mt_temporary_2 *record)
{
    struct sums one = {.temporary = record->count, .temporary_bytes = record->bytes};
    if (chain->last_class == CLASSES)
        return false;
    sums_add(&chain->by_class[chain->last_class], &one);
    return true;
}

/* The record at this unit; false when it is not one. */
static bool chain_record(struct chain *chain, const struct counter *record, uint32_t unit)
{
    bool sizes = chain->model->log->header.sizes;
    uint32_t kind = record->kind;
    if (kind >= MT_KIND_ALLOC && kind < MT_KIND_ALLOC + CLASSES)
        chain_alloc(chain, kind - MT_KIND_ALLOC, unit, &record->alloc);
    else if (kind >= MT_KIND_RELEASE && kind < MT_KIND_RELEASE + CLASSES)
        chain_release(chain, kind - MT_KIND_RELEASE, &record->release);
    else if (kind == MT_KIND_DISCARD)
        chain_discard(chain, &record->discard);
    else if (kind == MT_KIND_RESIDENT)
        sums_add(&chain->unclassed, &(struct sums){.resident = record->resident.grown,
                                                   .readings = record->resident.readings});
    else if (kind == COUNTER_TEMPORARY && sizes)
        return chain_temporary(chain, &record->temporary);
    else
        return kind == MT_KIND_SIZES && sizes;
    return true;
}

/* The record at this unit is sound as far as the chain goes. False: a problem was added. */
static bool chain_check(struct chain *chain, const struct counter *record, uint32_t unit,
                        bool whole)
{
    struct log *log = chain->model->log;
    uint64_t at = (uint64_t)unit * log->tables->unit_bytes;
    bool grown = record->kind == MT_KIND_ALLOC + CLASS_HEAP && !record->moved &&
                 record->units != counter_units(MT_VERSION, MT_KIND_SMALL);
    if (!whole || !chain_claim(chain, unit, record->units))
        log_problem_in(log, MT_REGION_COUNTER, at,
                       "the counter record at %u belongs to two nodes or is cut short", unit);
    else if (chain->grown_from && !grown)
        log_problem_in(log, MT_REGION_COUNTER, at,
                       "the small record at %u has moved to one at %u that is not of its kind",
                       chain->grown_from, unit);
    else
        return true;
    return false;
}

/* Follow a node's chain. Its length is bounded, since each unit is claimed once in the whole log.
 */
static void chain_walk(struct chain *chain, uint32_t unit)
{
    struct log *log = chain->model->log;
    const struct tables *tables = log->tables;
    chain->grown_from = 0;
    for (struct counter record; unit; unit = record.next) {
        if (unit >= tables->unit_count) {
            if (!log->truncated)
                log_problem_in(log, MT_REGION_NODE, (uint64_t)chain->node * tables->node_bytes,
                               "node %u has counters at %u of %u", chain->node, unit,
                               tables->unit_count);
            return;
        }
        bool whole = counter_read(tables, unit, &record);
        if (whole && !record.kind && !chain->grown_from)
            return; /* reserved, not filled in yet */
        if (!chain_check(chain, &record, unit, whole))
            return;
        if (!record.moved && !chain_record(chain, &record, unit)) {
            log_problem_in(log, MT_REGION_COUNTER, (uint64_t)unit * tables->unit_bytes,
                           "a counter record of unknown kind %u", record.kind);
            return;
        }
        chain->grown_from = record.moved ? unit : 0;
        if (record.moved && !record.next)
            log_problem_in(log, MT_REGION_COUNTER, (uint64_t)unit * tables->unit_bytes,
                           "the small record at %u has moved to nowhere", unit);
    }
}

/* The resident set and what was discarded are of no class: they go with the first entry of the node. */
static void chain_finish(struct chain *chain)
{
    struct model *model = chain->model;
    const struct sums *more = &chain->unclassed;
    bool placed = !more->readings && !more->resident && !more->discards && !more->discarded;
    for (uint32_t class = 0; class < CLASSES; class ++) {
        if (!chain->present[class] && (placed || class != CLASS_HEAP))
            continue;
        struct sums *sums = &chain->by_class[class];
        if (!placed) {
            sums_add(sums, more);
            chain->unclassed = (struct sums){0};
            placed = true;
        }
        entries_add(&model->entries, chain->node, class, sums);
        model_count(model, class, sums);
        if (!chain->node)
            sums_add(&model->lost, sums);
        *sums = (struct sums){0};
        chain->present[class] = false;
    }
    chain->last_class = CLASSES;
}

/* ---- nodes ---- */

/* Native and Python frames, a cut mark, the thread's root. Whatever prints a stack for each node relies on it. */
#define DEEPEST (2 * MT_DEPTH_MAX + 4)
/* `depth`: of all nodes before this one; the root's is 0. */
static void model_node_take(struct model *model, uint32_t index, struct chain *chain,
                            uint32_t *depth)
{
    struct log *log = model->log;
    const struct tables *tables = log->tables;
    const struct tables_node raw = tables_node(tables, index);
    struct node *node = &model->nodes[index];
    uint64_t at = (uint64_t)index * tables->node_bytes;
    if (raw.parent >= index)
        log_problem_in(log, MT_REGION_NODE, at, "node %u has parent %u", index, raw.parent);
    else if (depth[raw.parent] == DEEPEST)
        log_problem_in(log, MT_REGION_NODE, at, "node %u is deeper than any stack", index);
    else
        node->parent = raw.parent;
    depth[index] = depth[node->parent] + 1;
    if (raw.frame < tables->frame_count)
        node->frame = raw.frame;
    else if (!log->truncated)
        log_problem_in(log, MT_REGION_NODE, at, "node %u has frame %u of %u", index, raw.frame,
                       tables->frame_count);
    node->thread = model->nodes[node->parent].thread;
    const struct mt_frame_entry *frame = node->frame ? &tables->frames[node->frame] : NULL;
    if (frame && frame->kind == MT_FRAME_THREAD && !node->parent &&
        frame->owner < tables->thread_count)
        node->thread = frame->owner;
    node->outside = model->nodes[node->parent].outside;
    node->early = model->nodes[node->parent].early;
    if (frame && frame->kind == MT_FRAME_THREAD && !node->parent) {
        node->early = frame->value == 0;
        node->outside = frame->value < model->periods.first || frame->value > model->periods.last;
    }
    if (node->outside) {
        node->frame = 0;
        return;
    }
    if (raw.counters) {
        chain->node = index;
        chain_walk(chain, raw.counters);
        chain_finish(chain);
    }
    runs_take(&model->runs, log, index);
}

/* Node 0 has what could not be given to a node: it happened in whatever period. */
static void model_lost_take(struct model *model, struct chain *chain)
{
    const struct tables *tables = model->log->tables;
    if (model->periods.first || model->periods.last < tables->header.period || !tables->node_count)
        return;
    chain_walk(chain, tables_node(tables, 0).counters);
    for (uint32_t class = 0; class < CLASSES; class ++)
        chain->present[class] = true; /* model_settle wants them */
    chain_finish(chain);
}

/* A leaf that cannot be is none. */
static void model_threads(struct model *model)
{
    const struct tables *tables = model->log->tables;
    model->thread_count = tables->thread_count;
    model->threads = base_alloc(tables->thread_count + (size_t)1, sizeof *model->threads);
    for (uint32_t i = 1; i < tables->thread_count; i++) {
        const struct mt_thread_entry *raw = &tables->threads[i];
        struct thread *thread = &model->threads[i];
        thread->leaf = raw->leaf < model->node_count ? raw->leaf : 0;
        thread->tid = raw->tid;
        thread->earlier = raw->started ? raw->started - 1 : 0;
        thread->events = raw->events;
        thread->level = raw->level;
        model->events += raw->events;
        memcpy(thread->name, raw->name, sizeof raw->name);
    }
}

static void chain_start(struct chain *chain, struct model *model)
{
    const struct log *log = model->log;
    const struct tables *tables = log->tables;
    size_t bytes = tables->unit_count / 8 + (size_t)1;
    *chain = (struct chain){.model = model,
                            .last_class = CLASSES,
                            .seen = base_alloc(bytes, 1),
                            .finishes.there = base_alloc(bytes, 1),
                            .slacks.there = base_alloc(bytes, 1)};
    for (size_t i = 0; i < log->slack_count; i++)
        units_put(&chain->slacks, log->slacks[i].unit, (uint32_t)i + 1, tables->unit_count);
    for (uint32_t i = 1; i < tables->finish_count; i++)
        units_put(&chain->finishes, tables->finishes[i].unit, i + 1, tables->unit_count);
}

static void chain_end(struct chain *chain)
{
    free(chain->seen);
    free(chain->finishes.there);
    free(chain->slacks.there);
    map_free(&chain->finishes.map);
    map_free(&chain->slacks.map);
}

/* Room for the entries at once: it would be moved a dozen times. A few nodes have several. */
static void entries_start(struct model *model)
{
    const struct tables *tables = model->log->tables;
    size_t count = CLASSES;
    for (uint32_t i = 1; i < tables->node_count; i++)
        count += tables_node(tables, i).counters != 0;
    entries_room(&model->entries, count);
}

void model_make(struct model *model, struct log *log, struct periods periods)
{
    const struct tables *tables = log->tables;
    *model = (struct model){.log = log,
                            .periods = periods,
                            .node_count = tables->node_count,
                            .logged = tables->node_count};
    model->nodes = base_alloc(tables->node_count + (size_t)1, sizeof *model->nodes);
    runs_start(&model->runs, tables->node_count);
    uint32_t *depth = base_alloc(tables->node_count + (size_t)1, sizeof *depth);
    struct chain chain;
    chain_start(&chain, model);
    static const unsigned char unused[sizeof(struct mt_node_2)];
    entries_start(model);
    model_lost_take(model, &chain);
    for (uint32_t i = 1; i < tables->node_count; i++)
        if (memcmp(tables->nodes + (size_t)i * tables->node_bytes, unused, tables->node_bytes))
            model_node_take(model, i, &chain, depth);
    model_settle(model);
    chain_end(&chain);
    free(depth);
    runs_close(&model->runs, log, model->nodes);
    model_threads(model);
    if (log->keeps_tables)
        tables_rest(log);
    else
        tables_give_back(log);
}

void model_keep(struct model *model, const unsigned char *inside)
{
    size_t kept = 0;
    for (uint32_t i = 1; i < model->node_count; i++)
        if (!inside[i]) {
            model->nodes[i].outside = true;
            model->nodes[i].frame = 0;
            model->runs.of_node[i] = (struct run){0};
        }
    memset(model->classes, 0, sizeof model->classes);
    model->total = (struct sums){0};
    for (size_t i = 0; i < model->entries.count; i++) {
        const struct entry entry = model->entries.list[i];
        if (!inside[entry.node])
            continue;
        struct sums sums = entry_sums(&model->entries, &entry);
        model_count(model, entry.class, &sums);
        model->entries.list[kept++] = entry;
    }
    model->entries.count = kept;
}

void model_free(struct model *model)
{
    free(model->nodes);
    runs_free(&model->runs);
    free(model->threads);
    entries_free(&model->entries);
    *model = (struct model){0};
}
