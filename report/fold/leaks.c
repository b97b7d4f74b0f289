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
#define MODULE_ALLOCATIONS 10u

/* What is known of a function. */
struct known {
    const struct resident *rule; /* NULL: none */
    uint32_t suppression;        /* 0: none, else its number + 1 */
    bool own;
    bool module_level; /* Python's code of a module */
    bool within;       /* Python's code that is a part of an expression: of what is further out */
};

/* ... and of an entry of the tree. */
struct state {
    const struct resident *rule;
    uint32_t suppression;
    bool own;
    bool module_level; /* of its innermost own frame */
    bool imported;     /* while a module was imported that is the user's own */
};

struct seeking {
    struct leaks *to;
    const struct stacks *stacks;
    const struct leaking *asked;
    struct known *known;  /* by function */
    struct state *states; /* by entry */
    uint32_t main_thread;
    uint64_t main_events;
};

static void sum_add(struct leak_sum *to, const struct leak_sum *more)
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
            state.imported |= known->module_level && state.rule && !whole;
            state.module_level = known->module_level;
        }
        if (known->own && !whole)
            state.rule = NULL;
        if (known->rule && !whole)
            state.rule = known->rule;
        state.own |= known->own;
        s->states[e] = state;
    }
}

/* ---- when it was allocated ---- */

static void main_thread_find(struct seeking *s)
{
    const struct model *model = &s->stacks->model;
    struct leaks *to = s->to;
    struct leaf leaf;
    to->start = s->stacks->log.header.period ? LEAK_START_PERIODS : LEAK_START_UNKNOWN;
    for (uint32_t t = 1; t < model->thread_count && !s->main_thread; t++)
        if (model->threads[t].tid == s->stacks->log.header.pid)
            s->main_thread = t;
    for (size_t at = 0; stacks_next(s->stacks, &at, &leaf);) {
        uint64_t event = (uint32_t)leaf.sums->last;
        if (leaf.thread == s->main_thread && leaf.node && event > s->main_events)
            s->main_events = event;
    }
    if (to->start == LEAK_START_UNKNOWN && s->main_thread && s->main_events >= START_EVENTS)
        to->start = LEAK_START_EVENTS;
}

static uint64_t period_of(const struct seeking *s, uint32_t node)
{
    const struct model *model = &s->stacks->model;
    while (model->nodes[node].parent)
        node = model->nodes[node].parent;
    struct log_frame frame = log_frame(&s->stacks->log, model->nodes[node].frame);
    return frame.kind == FRAME_THREAD ? frame.value : 0;
}

static bool at_start(const struct seeking *s, const struct leaf *leaf)
{
    if (s->to->start == LEAK_START_PERIODS)
        return leaf->node && !period_of(s, leaf->node);
    return s->to->start == LEAK_START_EVENTS && leaf->thread == s->main_thread &&
           (uint32_t)leaf->sums->last < s->main_events / START_PART;
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

/* Where what is no leak counts; NULL: it is one. */
static struct leak_sum *rest_of(struct seeking *s, const struct leaf *leaf,
                                const struct leak_sum *sum)
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
    if (to->metric == METRIC_LIVE &&
        (state->imported || (state->module_level && sum->allocations < MODULE_ALLOCATIONS)))
        return rest_at(to, "variables of Python's modules");
    return NULL;
}

static void leak_add(struct seeking *s, struct map *index, const struct leaf *leaf,
                     const struct leak_sum *sum)
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
    sum_add(&leak->sum, sum);
    sum_add(&to->total, sum);
    if (!at_start(s, leaf))
        leak->grown += sum->bytes;
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
    selection_make(&selection, s->stacks, &query.filter);
    for (size_t at = 0; stacks_next(s->stacks, &at, &leaf);) {
        const struct sums *sums = leaf.sums;
        struct leak_sum sum = {.bytes = s->to->metric == METRIC_LIVE ? sums_live(sums)
                                                                     : sums_leaked(sums),
                               .blocks = (int64_t)(sums->allocations - sums->gone_count),
                               .allocations = (int64_t)sums->allocations,
                               .sites = 1};
        if (!selection_has(&selection, leaf.node) || !query_counts(&query, leaf.class) ||
            sum.bytes <= 0)
            continue;
        sum_add(&s->to->all, &sum);
        struct leak_sum *rest = rest_of(s, &leaf, &sum);
        if (rest)
            sum_add(rest, &sum);
        else
            leak_add(s, &index, &leaf, &sum);
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
    const struct log_header *header = &stacks->log.header;
    struct seeking s = {.to = leaks, .stacks = stacks, .asked = leaking};
    *leaks = (struct leaks){.metric = leaking->metric};
    if (leaks->metric == METRICS)
        leaks->metric = header->python && header->finished ? METRIC_LIVE : METRIC_LEAKED;
    size_t suppressions = leaking->suppressions ? leaking->suppressions->count : 0;
    leaks->suppressed = base_alloc(suppressions + 1, sizeof *leaks->suppressed);
    tree_make(&leaks->tree, stacks, NULL, false);
    known_make(&s);
    states_make(&s);
    main_thread_find(&s);
    list_make(&s);
    free(s.known);
    free(s.states);
}

void leaks_free(struct leaks *leaks)
{
    tree_free(&leaks->tree);
    free(leaks->list);
    free(leaks->residents);
    free(leaks->suppressed);
    *leaks = (struct leaks){0};
}
