/* SPDX-License-Identifier: MIT */
#include "resolve/chains.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* More is as good as no end. */
#define LONGEST 32u
#define MOST    32u
#define STEPS   4096u

struct step {
    uint32_t fact, edge; /* in facts */
};
struct chain {
    struct step steps[LONGEST];
    uint32_t length;
};

struct search {
    struct facts *facts;
    const struct chains_wanted *wanted;
    struct chain path; /* to where the search is */
    struct chain *found;
    size_t count, cap;
    uint32_t steps;
    bool pending, doubt;
};

static bool is_inner(const struct search *s, uint32_t fact)
{
    const struct fact *f = &s->facts->list[fact];
    const struct chains_wanted *w = s->wanted;
    if (w->hook || !facts_same_module(s->facts->log, f->module, w->inner_module))
        return false;
    if (w->inner.entry)
        return f->self.entry == w->inner.entry;
    return !f->self.entry && f->self.name && f->self.name == w->inner.name;
}

static void found_add(struct search *s)
{
    s->found = base_room(s->found, &s->cap, s->count + 1, sizeof *s->found);
    s->found[s->count++] = s->path;
    s->doubt |= s->count == MOST;
}

static bool is_on_path(const struct search *s, uint32_t fact)
{
    const struct fact *f = &s->facts->list[fact];
    for (uint32_t i = 0; i < s->path.length; i++) {
        const struct fact *other = &s->facts->list[s->path.steps[i].fact];
        if (other == f ||
            (other->module == f->module && f->self.entry && other->self.entry == f->self.entry))
            return true;
    }
    return false;
}

/* All tail calls from here on, but not beyond where the chain is to end. */
static void explore(struct search *s, uint32_t fact)
{
    if (s->path.length == LONGEST || ++s->steps > STEPS || is_on_path(s, fact) ||
        s->facts->list[fact].status != TAILS_KNOWN) {
        s->doubt = true;
        return;
    }
    const struct fact from = s->facts->list[fact];
    for (uint32_t e = from.first; e < from.first + from.count && !s->doubt; e++) {
        uint32_t next;
        const struct edge edge = s->facts->edges[e];
        enum found found =
            facts_find(s->facts, from.module, &edge.to, s->wanted->inner_module, &next);
        s->path.steps[s->path.length++] = (struct step){fact, e};
        if (found == FOUND_PENDING)
            s->pending = true;
        else if (found == FOUND_NOTHING)
            s->doubt = true;
        else if (found == FOUND_HOOK ? s->wanted->hook : is_inner(s, next))
            found_add(s);
        else if (found == FOUND_FUNCTION)
            explore(s, next);
        s->path.length--;
    }
}

/* ---- what chains have in common ---- */

static bool same_symbol(const struct symbol *x, const struct symbol *y)
{
    return x->function == y->function && x->file == y->file && x->line == y->line;
}

/* The places that a function was left at in all chains, from the outermost inward; where the lines differ there is none, and no more. */
static void common_places(const struct search *s, const struct step *const *steps,
                          struct left *left)
{
    struct symbol places[SYMBOLS_INLINED_MAX]; /* the outermost first */
    const struct facts *facts = s->facts;
    const struct edge *first = &facts->edges[steps[0]->edge];
    uint32_t count = 0;
    bool same = true;
    for (; same && count < first->count && count < SYMBOLS_INLINED_MAX; count++) {
        places[count] = facts->symbols[first->first + first->count - 1 - count];
        bool function = true;
        for (size_t c = 1; c < s->count && function; c++) {
            const struct edge *edge = &facts->edges[steps[c]->edge];
            const struct symbol *other =
                count < edge->count ? &facts->symbols[edge->first + edge->count - 1 - count] : NULL;
            function = other && other->function == places[count].function;
            same = same && function && same_symbol(other, &places[count]);
        }
        if (!function)
            break;
        if (!same)
            places[count].line = 0;
    }
    left->count = count;
    for (uint32_t i = 0; i < count; i++)
        left->places[i] = places[count - 1 - i];
}

/* How many functions all chains begin with, or end with: not counting `skipped` at the other end. */
static uint32_t common_length(const struct search *s, bool at_end, uint32_t skipped)
{
    for (uint32_t i = 0;; i++)
        for (size_t c = 0; c < s->count; c++) {
            const struct chain *chain = &s->found[c], *first = &s->found[0];
            if (i + skipped >= chain->length || i + skipped >= first->length)
                return i;
            uint32_t mine = at_end ? chain->length - 1 - i : i;
            uint32_t others = at_end ? first->length - 1 - i : i;
            if (chain->steps[mine].fact != first->steps[others].fact)
                return i;
        }
}

static void take(const struct search *s, bool at_end, uint32_t at, struct chains *out)
{
    const struct step **steps = base_alloc(s->count, sizeof *steps);
    for (size_t c = 0; c < s->count; c++) {
        const struct chain *chain = &s->found[c];
        steps[c] = &chain->steps[at_end ? chain->length - 1 - at : at];
    }
    struct left *left = &out->left[out->count];
    left->module = s->facts->list[steps[0]->fact].module;
    common_places(s, steps, left);
    out->count += left->count != 0;
    free(steps);
}

/* Another module's function may have stood in for one on the way. */
static void check_alone(struct search *s)
{
    for (size_t c = 0; c < s->count && !s->doubt; c++)
        for (uint32_t i = 0; i < s->found[c].length && !s->doubt; i++) {
            enum found found = facts_alone(s->facts, s->found[c].steps[i].fact);
            s->pending |= found == FOUND_PENDING;
            s->doubt |= found == FOUND_NOTHING;
        }
}

struct chains chains_between(struct facts *facts, const struct chains_wanted *wanted)
{
    struct search s = {.facts = facts, .wanted = wanted};
    struct chains out = {0};
    uint32_t fact;
    enum found found =
        facts_find(facts, wanted->module, &wanted->callee, wanted->inner_module, &fact);
    s.pending = found == FOUND_PENDING;
    if (found == FOUND_FUNCTION && !is_inner(&s, fact))
        explore(&s, fact);
    if (!s.doubt && !s.pending)
        check_alone(&s);
    if (!s.doubt && !s.pending && s.count) {
        uint32_t begin = common_length(&s, false, 0), end = common_length(&s, true, begin);
        out.left = base_alloc(begin + (size_t)end, sizeof *out.left);
        for (uint32_t i = 0; i < begin; i++)
            take(&s, false, i, &out);
        for (uint32_t i = end; i-- > 0;)
            take(&s, true, i, &out);
    }
    out.pending = s.pending && !s.doubt;
    free(s.found);
    return out;
}
