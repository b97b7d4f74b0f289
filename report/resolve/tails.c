/* SPDX-License-Identifier: MIT */
#include "resolve/tails.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/chains.h"
#include "resolve/places.h"

/* A frame, and the one that is further in; 0: what it called allocates or releases itself. */
struct pair {
    uint32_t outer, inner;
    uint32_t first, count; /* of the places between them, in tails->places; the outermost first */
    uint32_t frame;        /* with these places; 0: not made yet */
    bool decided;
};

#define UNKNOWN UINT32_MAX
struct tails {
    struct frames *frames;
    struct model *model;
    const struct symbol_call *calls;
    uint32_t *owners; /* module of each frame, 0: it is none of native code */
    struct facts facts;
    struct pair *pairs;
    size_t count, cap;
    struct map index; /* outer and inner -> 1 + the pair */
    uint32_t *above;  /* by node: the pair of it and the one further out, from 1; 0: none */
    uint32_t *
        below; /* by frame: the pair of it and what happens there, likewise; UNKNOWN: not looked for */
    uint32_t *places;
    size_t place_count, place_cap;
};

/* ---- which pairs there are ---- */

static bool is_set(const struct symbol_code *code)
{
    return code->entry || code->name;
}

/* Is the function that `outer` called the one that `inner` is in? Then no tail call came between them, as nearly always. */
static bool follows(const struct tails *t, uint32_t outer, uint32_t inner)
{
    const struct symbol_code *callee = &t->calls[outer].callee, *self = &t->calls[inner].self;
    if (callee->name && callee->name == self->name)
        return true;
    return callee->entry && callee->entry == self->entry && t->owners[outer] == t->owners[inner];
}

/* The number of a pair that is worth a look, from 1; 0: it is none. */
static uint32_t pair_of(struct tails *t, uint32_t outer, uint32_t inner)
{
    if (outer >= t->frames->log->frame_count || !t->owners[outer] ||
        !is_set(&t->calls[outer].callee))
        return 0;
    if (inner ? !is_set(&t->calls[inner].self) || follows(t, outer, inner)
              : facts_is_hook(&t->facts, t->calls[outer].callee.name))
        return 0;
    uint32_t *known = map_at(&t->index, (uint64_t)outer << 32 | inner);
    if (!*known) {
        t->pairs = base_room(t->pairs, &t->cap, t->count + 1, sizeof *t->pairs);
        t->pairs[t->count] = (struct pair){.outer = outer, .inner = inner};
        *known = (uint32_t)++t->count;
    }
    return *known;
}

static void pairs_make(struct tails *t)
{
    const struct model *model = t->model;
    uint32_t frames = t->frames->log->frame_count;
    t->above = base_alloc(model->node_count + (size_t)1, sizeof *t->above);
    t->below = base_alloc(frames + (size_t)1, sizeof *t->below);
    for (uint32_t i = 1; i < model->node_count; i++) {
        uint32_t outer = model->nodes[model->nodes[i].parent].frame;
        if (model->nodes[i].frame && outer)
            t->above[i] = pair_of(t, outer, model->nodes[i].frame);
    }
    for (uint32_t f = 1; f < frames; f++)
        t->below[f] = UNKNOWN;
    for (size_t e = 0; e < model->entries.count; e++) {
        uint32_t frame = model->nodes[model->entries.list[e].node].frame;
        if (frame < frames && t->below[frame] == UNKNOWN)
            t->below[frame] = pair_of(t, frame, 0);
    }
}

/* ---- what is between them ---- */

static void decide(struct tails *t, struct pair *pair)
{
    const struct log *log = t->frames->log;
    struct chains_wanted wanted = {.module = t->owners[pair->outer],
                                   .callee = t->calls[pair->outer].callee,
                                   .hook = !pair->inner,
                                   .inner_module = t->owners[pair->inner],
                                   .inner = t->calls[pair->inner].self};
    struct chains chains = chains_between(&t->facts, &wanted);
    pair->decided = !chains.pending;
    pair->first = (uint32_t)t->place_count;
    for (size_t i = 0; i < chains.count && pair->decided; i++) {
        const struct left *left = &chains.left[i];
        const struct log_text *text = &log->modules[left->module].path;
        struct log_frame frame = {.kind = FRAME_NATIVE, .owner = left->module};
        struct resolved resolved;
        char *path = base_copy(text->text, text->bytes);
        places_native(t->frames, &frame, left->places, left->count, path, true, &resolved);
        t->places = base_room(t->places, &t->place_cap, t->place_count + resolved.count + 1,
                              sizeof *t->places);
        memcpy(t->places + t->place_count, resolved.places,
               resolved.count * sizeof *resolved.places);
        t->place_count += resolved.count;
        free(path);
    }
    pair->count = (uint32_t)t->place_count - pair->first;
    free(chains.left);
}

/* In rounds: what a function jumps to is known only when it has been looked up. */
static void pairs_decide(struct tails *t)
{
    do
        for (size_t i = 0; i < t->count; i++)
            if (!t->pairs[i].decided)
                decide(t, &t->pairs[i]);
    while (facts_look(&t->facts));
}

/* ---- the frames that come of it ---- */

/* A frame of these places and of those of `inner`, made of `of`. */
static uint32_t frame_add(struct frames *frames, struct log_frame of, const uint32_t *places,
                          uint32_t count, uint32_t inner)
{
    uint32_t frame = frames->frame_count++, at = frames->start[frame];
    uint32_t index = frame - frames->log->frame_count;
    uint32_t more = inner ? frames->start[inner + 1] - frames->start[inner] : 0;
    frames->more =
        base_room(frames->more, &frames->more_cap, index + (size_t)1, sizeof *frames->more);
    frames->more[index] = of;
    frames->start =
        base_room(frames->start, &frames->start_cap, frame + (size_t)2, sizeof *frames->start);
    frames->place_of = base_room(frames->place_of, &frames->place_of_cap,
                                 at + (size_t)count + more + 1, sizeof *frames->place_of);
    memcpy(frames->place_of + at, places, count * sizeof *places);
    for (uint32_t i = 0; i < more; i++)
        frames->place_of[at + count + i] = frames->place_of[frames->start[inner] + i];
    frames->start[frame + 1] = at + count + more;
    return frame;
}

static uint32_t frame_of(struct tails *t, uint32_t number)
{
    if (!number || !t->pairs[number - 1].count)
        return 0;
    struct pair *pair = &t->pairs[number - 1];
    struct log_frame of = {.kind = FRAME_NATIVE};
    if (pair->inner)
        of = log_frame(t->frames->log, pair->inner);
    else
        of.owner = t->frames->functions[t->frames->places[t->places[pair->first]].function].module;
    if (!pair->frame)
        pair->frame = frame_add(t->frames, of, t->places + pair->first, pair->count, pair->inner);
    return pair->frame;
}

static void frames_put(struct tails *t)
{
    struct model *model = t->model;
    uint32_t *below = base_alloc(model->node_count + (size_t)1, sizeof *below);
    for (uint32_t i = 1; i < model->node_count; i++)
        t->above[i] = frame_of(t, t->above[i]);
    bool more = false;
    for (size_t e = 0; e < model->entries.count; e++) {
        uint32_t node = model->entries.list[e].node;
        uint32_t frame = model->nodes[node].frame;
        below[node] = frame < t->frames->log->frame_count ? frame_of(t, t->below[frame]) : 0;
        more |= below[node] != 0;
    }
    for (uint32_t i = 1; i < model->node_count; i++)
        if (t->above[i])
            model->nodes[i].frame = t->above[i];
    if (more)
        model_below(model, below);
    free(below);
}

void tails_make(struct frames *frames, struct model *model, const struct symbol_call *calls,
                struct strings *names, struct find *find)
{
    const struct log *log = frames->log;
    struct tails t = {
        .frames = frames,
        .model = model,
        .calls = calls,
        .facts = {.log = log, .strings = &frames->strings, .names = names, .find = find},
        .owners = base_alloc(log->frame_count + (size_t)1, sizeof *t.owners)};
    for (uint32_t f = 1; f < log->frame_count; f++) {
        struct log_frame frame = log_frame(log, f);
        bool known = frame.kind == FRAME_NATIVE && frame.owner < log->module_count;
        t.owners[f] = known ? frame.owner : 0; /* a damaged log may name one that is not there */
    }
    facts_start(&t.facts);
    pairs_make(&t);
    pairs_decide(&t);
    if (log->packing)
        facts_keep(&t.facts);
    if (t.place_count)
        frames_put(&t);
    facts_free(&t.facts);
    map_free(&t.index);
    free(t.pairs);
    free(t.places);
    free(t.owners);
    free(t.above);
    free(t.below);
}
