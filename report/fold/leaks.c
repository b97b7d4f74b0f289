/* SPDX-License-Identifier: MIT */
#include "fold/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"
#include "fold/own.h"
#include "fold/select.h"
#include "resolve/keeps.h"

#define START_PART   10u  /* the start is that part of the events */
#define START_EVENTS 100u /* fewer events tell nothing */
/* A statement of a module is executed once: what it allocated more often than that at one call site is a loop's. */
#define MODULE_ALLOCATIONS 100
/* A class statement is a call, too: it makes a few small blocks. */
#define CLASS_ALLOCATIONS 3
#define CLASS_BYTES       1024
/* CPython keeps released objects for the next ones of their type: up to 2,000 tuples of each length up to 19, and less of other types. */
#define FREE_LIST_BLOCKS 2000
#define FREE_LIST_BYTES  192 /* of a block */

/* What is known of a function. */
struct known {
    const struct resident *rule; /* NULL: none */
    uint32_t suppression;        /* 0: none, else its number + 1 */
    bool own;
    bool python;
    bool module_level; /* Python's code of a module */
    bool within;       /* Python's code that is a part of an expression: of what is further out */
};

/* ... and of an entry of the tree. */
struct state {
    const struct resident *rule;
    uint32_t suppression;
    bool own;
    bool module_level; /* of its innermost own frame */
    bool called;       /* that is called by one of a module's level */
    bool python;       /* its innermost frame is Python's */
    bool imported;     /* while a module was imported that is the user's own */
};

/* A process. */
struct process {
    enum metric metric; /* LIVE or LEAKED */
    enum leak_start start;
    uint32_t node; /* its first */
    uint32_t main_thread;
    uint64_t main_events;
};

struct seeking {
    struct leaks *to;
    const struct stacks *stacks;
    const struct leaking *asked;
    struct known *known;       /* by function */
    struct state *states;      /* by entry */
    struct process *processes; /* in the order of their nodes */
    size_t process_count;
};

void leak_sum_add(struct leak_sum *to, const struct leak_sum *more)
{
    to->bytes = (int64_t)((uint64_t)to->bytes + (uint64_t)more->bytes);
    to->blocks = (int64_t)((uint64_t)to->blocks + (uint64_t)more->blocks);
    to->allocations = (int64_t)((uint64_t)to->allocations + (uint64_t)more->allocations);
    to->sites += more->sites;
}

/* ---- what a stack tells ---- */

static void known_make(struct seeking *s)
{
    const struct frames *frames = &s->stacks->frames;
    unsigned char *ranks = own_ranks(frames);
    s->known = base_alloc(frames->function_count + 1, sizeof *s->known);
    for (size_t f = 0; f < frames->function_count; f++) {
        const struct function *function = &frames->functions[f];
        const char *name = frames_name(frames, function);
        struct known *known = &s->known[f];
        bool python = !strcmp(function->language, "Python");
        size_t match = s->asked->suppressions
                           ? suppressions_match(s->asked->suppressions, frames, function)
                           : SIZE_MAX;
        known->rule = keeps_resident(frames, function);
        known->suppression = match == SIZE_MAX ? 0 : (uint32_t)match + 1;
        known->python = python;
        known->own = ranks[f] <= RANK_PROGRAM;
        known->module_level = python && name && !strcmp(name, "<module>");
        const char *last = python && name ? strrchr(name, '.') : NULL;
        last = last ? last + 1 : name;
        known->within = python && name && last[0] == '<' && !known->module_level;
    }
    free(ranks);
}

static void states_make(struct seeking *s)
{
    const struct tree *tree = &s->to->tree;
    s->states = base_alloc(tree->count, sizeof *s->states);
    for (uint32_t e = 1; e < tree->count; e++) {
        const struct known *known = &s->known[s->stacks->frames.places[tree->key[e]].function];
        struct state state = s->states[tree->parent[e]];
        bool whole = state.rule && state.rule->scope == RESIDENT_WHOLE;
        if (!state.suppression)
            state.suppression = known->suppression;
        if (known->own && !known->within) {
            state.called = state.module_level && known->python && !known->module_level;
            state.imported |= known->module_level && state.rule && !whole;
            state.module_level = known->module_level;
        }
        if (known->own && !whole)
            state.rule = NULL;
        if (known->rule && !whole)
            state.rule = known->rule;
        state.own |= known->own;
        state.python = known->python;
        s->states[e] = state;
    }
}

/* ---- when it was allocated ---- */

static void main_thread_find(const struct model *model, const struct joined_part *part,
                             uint32_t thread_end, struct process *process)
{
    for (uint32_t t = part->thread; t < thread_end && !process->main_thread; t++)
        if (model->threads[t].tid == part->pid)
            process->main_thread = t;
}

/* The process of a node; nodes are asked for in their order, *at begins as 0. */
static const struct process *process_of(const struct seeking *s, size_t *at, uint32_t node)
{
    while (*at + 1 < s->process_count && node >= s->processes[*at + 1].node)
        ++*at;
    return &s->processes[*at];
}

static void events_count(struct seeking *s)
{
    struct leaf leaf;
    size_t process = 0;
    for (size_t at = 0; stacks_next(s->stacks, &at, &leaf);) {
        if (!leaf.node)
            continue;
        process_of(s, &process, leaf.node);
        struct process *of = &s->processes[process];
        uint64_t event = (uint32_t)leaf.sums.last;
        if (leaf.thread == of->main_thread && event > of->main_events)
            of->main_events = event;
    }
}

static void processes_make(struct seeking *s)
{
    const struct model *model = &s->stacks->model;
    const struct log_header *header = &s->stacks->log.header;
    const struct joined_part one = {.node = 1,
                                    .thread = 1,
                                    .pid = header->pid,
                                    .python = header->python,
                                    .finished = header->finished,
                                    .periods = header->period != 0};
    const struct joined_part *parts = s->asked->part_count ? s->asked->parts : &one;
    s->process_count = s->asked->part_count ? s->asked->part_count : 1;
    s->processes = base_alloc(s->process_count, sizeof *s->processes);
    for (size_t i = 0; i < s->process_count; i++) {
        bool last = i + 1 == s->process_count, python = parts[i].python && parts[i].finished;
        enum metric usual = python ? METRIC_LIVE : METRIC_LEAKED;
        s->processes[i] =
            (struct process){.metric = s->asked->metric == METRICS ? usual : s->asked->metric,
                             .start = parts[i].periods ? LEAK_START_PERIODS : LEAK_START_UNKNOWN,
                             .node = parts[i].node};
        main_thread_find(model, &parts[i], last ? model->thread_count : parts[i + 1].thread,
                         &s->processes[i]);
    }
    events_count(s);
    for (size_t i = 0; i < s->process_count; i++) {
        struct process *process = &s->processes[i];
        if (process->start == LEAK_START_UNKNOWN && process->main_thread &&
            process->main_events >= START_EVENTS)
            process->start = LEAK_START_EVENTS;
    }
}

/* What goes for all of them. */
static void processes_sum_up(struct seeking *s)
{
    struct leaks *to = s->to;
    to->metric = s->processes[0].metric;
    to->start = s->processes[0].start;
    for (size_t i = 1; i < s->process_count; i++) {
        if (s->processes[i].metric != to->metric)
            to->metric = METRICS;
        if (s->processes[i].start != to->start)
            to->start = LEAK_START_MIXED;
    }
}

static bool at_start(const struct seeking *s, const struct process *process,
                     const struct leaf *leaf)
{
    if (process->start == LEAK_START_PERIODS)
        return s->stacks->model.nodes[leaf->node].early;
    return process->start == LEAK_START_EVENTS && leaf->thread == process->main_thread &&
           (uint32_t)leaf->sums.last < process->main_events / START_PART;
}

/* ---- the lists ---- */

static struct leak_sum *rest_at(struct leaks *to, const char *name)
{
    size_t i = 0;
    while (i < to->resident_count && strcmp(to->residents[i].name, name) != 0)
        i++;
    if (i == to->resident_count) {
        to->residents = base_room(to->residents, &to->resident_cap, to->resident_count + 1,
                                  sizeof *to->residents);
        to->residents[to->resident_count++] = (struct leak_rest){.name = name};
    }
    return &to->residents[i].sum;
}

/* For a program of Python's: what is live because of the interpreter, or because of how a module is written; NULL: it is not. */
static const char *python_keeps(const struct state *state, const struct leak_sum *sum,
                                uint64_t allocated)
{
    int64_t block = sum->allocations ? (int64_t)allocated / sum->allocations : 0;
    bool gave_back = (uint64_t)sum->bytes < allocated / 2;
    if (state->imported || (state->module_level && sum->allocations < MODULE_ALLOCATIONS) ||
        (state->called && sum->allocations <= CLASS_ALLOCATIONS && sum->bytes <= CLASS_BYTES))
        return "variables of Python's modules";
    bool few = sum->allocations <= CLASS_ALLOCATIONS;
    if (state->python && block <= FREE_LIST_BYTES &&
        (few || (gave_back &&
                 sum->bytes <= 2 * block * FREE_LIST_BLOCKS))) /* tuples beside smaller ones */
        return "Python's free lists, which keep released objects for the next ones";
    return NULL;
}

/* Where what is no leak counts; NULL: it is one. */
static struct leak_sum *rest_of(struct seeking *s, const struct process *process,
                                const struct leaf *leaf, const struct leak_sum *sum)
{
    struct leaks *to = s->to;
    const struct state *state = &s->states[to->tree.of_node[leaf->node]];
    if (!leaf->node)
        return &to->unknown;
    if (state->suppression)
        return &to->suppressed[state->suppression - 1];
    if (s->asked->all)
        return NULL;
    if (state->rule)
        return rest_at(to, state->rule->name);
    if (!state->own)
        return &to->libraries;
    const char *kept =
        process->metric == METRIC_LIVE ? python_keeps(state, sum, leaf->sums.allocated) : NULL;
    return kept ? rest_at(to, kept) : NULL;
}

static void leak_add(struct seeking *s, struct map *index, const struct process *process,
                     const struct leaf *leaf, const struct leak_sum *sum)
{
    struct leaks *to = s->to;
    uint32_t entry = to->tree.of_node[leaf->node];
    uint32_t *found = map_at(index, (uint64_t)entry << 3 | leaf->class);
    if (!*found) {
        to->list = base_room(to->list, &to->cap, to->count + 1, sizeof *to->list);
        to->list[to->count++] = (struct leak){.entry = entry, .class = (uint8_t)leaf->class};
        *found = (uint32_t)to->count;
    }
    struct leak *leak = &to->list[*found - 1];
    leak_sum_add(&leak->sum, sum);
    leak_sum_add(&to->total, sum);
    if (!at_start(s, process, leaf))
        leak->grown = (int64_t)((uint64_t)leak->grown + (uint64_t)sum->bytes);
}

static int leak_order(const void *a, const void *b)
{
    const struct leak *x = a, *y = b;
    if (x->sum.bytes != y->sum.bytes)
        return x->sum.bytes > y->sum.bytes ? -1 : 1;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

static int rest_order(const void *a, const void *b)
{
    const struct leak_rest *x = a, *y = b;
    if (x->sum.bytes != y->sum.bytes)
        return x->sum.bytes > y->sum.bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void list_make(struct seeking *s)
{
    struct query query = {.filter = s->asked->filter};
    struct selection selection;
    struct map index = {0};
    struct leaf leaf;
    size_t number = 0;
    selection_make(&selection, s->stacks, &query.filter);
    for (size_t at = 0; stacks_next(s->stacks, &at, &leaf);) {
        const struct sums *sums = &leaf.sums;
        const struct process *process = process_of(s, &number, leaf.node);
        /* What no node is known of is of all processes together. */
        enum metric metric = leaf.node ? process->metric : s->to->metric;
        struct leak_sum sum = {.bytes = metric == METRIC_LIVE ? sums_live(sums) : sums_leaked(sums),
                               .blocks = (int64_t)(sums->allocations - sums->gone_count),
                               .allocations = (int64_t)sums->allocations,
                               .sites = 1};
        if (!selection_has(&selection, leaf.node) || !query_counts(&query, leaf.class) ||
            sum.bytes <= 0)
            continue;
        leak_sum_add(&s->to->all, &sum);
        struct leak_sum *rest = rest_of(s, process, &leaf, &sum);
        if (rest)
            leak_sum_add(rest, &sum);
        else
            leak_add(s, &index, process, &leaf, &sum);
    }
    map_free(&index);
    selection_free(&selection);
    if (s->to->count)
        qsort(s->to->list, s->to->count, sizeof *s->to->list, leak_order);
    if (s->to->resident_count)
        qsort(s->to->residents, s->to->resident_count, sizeof *s->to->residents, rest_order);
}

void leaks_make(struct leaks *leaks, const struct stacks *stacks, const struct leaking *leaking)
{
    struct seeking s = {.to = leaks, .stacks = stacks, .asked = leaking};
    *leaks = (struct leaks){0};
    size_t suppressions = leaking->suppressions ? leaking->suppressions->count : 0;
    leaks->suppressed = base_alloc(suppressions + 1, sizeof *leaks->suppressed);
    tree_make(&leaks->tree, stacks, false);
    known_make(&s);
    states_make(&s);
    processes_make(&s);
    processes_sum_up(&s);
    list_make(&s);
    free(s.known);
    free(s.states);
    free(s.processes);
}

void leaks_free(struct leaks *leaks)
{
    tree_free(&leaks->tree);
    free(leaks->list);
    free(leaks->residents);
    free(leaks->suppressed);
    *leaks = (struct leaks){0};
}
