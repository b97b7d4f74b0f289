/* SPDX-License-Identifier: MIT */
#include "fold/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/own.h"
#include "fold/select.h"
#include "fold/tree.h"

#define WAYS_OF 40u /* lines whose ways are looked for */

/* Of one entry of the tree, of one line, of what has none. */
struct amount {
    int64_t at_peak, kept;
    uint64_t live_peak; /* most that was ever live; of several call sites an upper bound */
    uint64_t allocated, allocations;
};

struct answering {
    const struct stacks *stacks;
    const struct rows *lines;
    enum metric kept;
    struct tree tree;
    struct amount *amounts; /* of what ended at entries; the first is of those where nothing did */
    uint32_t *amount_at;    /* by entry: where its amount is in `amounts` */
    size_t amount_count, amount_cap;
    unsigned char *outermost;
    uint32_t *own;        /* by entry: the place that did it */
    unsigned char *ranks; /* by function: own_ranks */
    enum rank rank;
};

static const struct amount *amount_at(const struct answering *a, uint32_t entry)
{
    return &a->amounts[a->amount_at[entry]];
}

static void amount_add(struct amount *to, const struct amount *more)
{
    to->at_peak = (int64_t)((uint64_t)to->at_peak + (uint64_t)more->at_peak);
    to->kept = (int64_t)((uint64_t)to->kept + (uint64_t)more->kept);
    to->live_peak += more->live_peak;
    to->allocated += more->allocated;
    to->allocations += more->allocations;
}

static struct amount *amount_room(struct answering *a, uint32_t entry)
{
    if (!a->amount_at[entry]) {
        a->amounts = base_room(a->amounts, &a->amount_cap, a->amount_count + 1, sizeof *a->amounts);
        a->amounts[a->amount_count] = (struct amount){0};
        a->amount_at[entry] = (uint32_t)a->amount_count++;
    }
    return &a->amounts[a->amount_at[entry]];
}

static struct amount amount_of(const struct sums *sums, enum metric kept)
{
    return (struct amount){.at_peak = sums->at_peak,
                           .kept = kept == METRIC_LIVE ? sums_live(sums) : sums_leaked(sums),
                           .live_peak = sums->live_peak,
                           .allocated = sums->allocated,
                           .allocations = sums->allocations};
}

static enum rank rank_of(const struct answering *a, uint32_t place)
{
    return (enum rank)a->ranks[a->stacks->frames.places[place].function];
}

/* What a question is about. */
static int64_t amount_asked(const struct amount *amount, enum question question)
{
    switch (question) {
    case QUESTION_PEAK:
        return amount->at_peak;
    case QUESTION_KEPT:
        return amount->kept;
    default:
        return amount->live_peak > INT64_MAX ? INT64_MAX : (int64_t)amount->live_peak;
    }
}

static struct answer_part part_of(const struct amount *amount, enum question question)
{
    return (struct answer_part){
        .bytes = question == QUESTION_JUMPED ? 0 : amount_asked(amount, question),
        .allocated = amount->allocated,
        .allocations = amount->allocations};
}

/* `total`: what it comes to where a filter takes a part of the stacks; else it is the process's. */
static void sum_entries(struct answering *a, const struct filter *filter, struct amount *unknown,
                        struct amount *total)
{
    struct leaf leaf;
    struct selection selection;
    selection_make(&selection, a->stacks, filter);
    *total = (struct amount){0};
    a->amount_at = base_alloc(a->tree.count, sizeof *a->amount_at);
    amount_room(a, 0); /* which nothing ends at */
    *unknown = (struct amount){0};
    for (size_t at = 0; stacks_next(a->stacks, &at, &leaf);) {
        if (!class_counts(leaf.class) || !selection_has(&selection, leaf.node))
            continue;
        struct amount amount = amount_of(&leaf.sums, a->kept);
        amount_add(total, &amount);
        amount_add(leaf.node ? amount_room(a, a->tree.of_node[leaf.node]) : unknown, &amount);
    }
    if (!selection.nodes)
        *total = amount_of(&a->stacks->model.total, a->kept);
    selection_free(&selection);
}

/* ---- jumps ---- */

/* Whose blocks the bytes under a line are: the vote of its blocks by their weight. Weights of others cancel out, so the winner has
 * at least what is left, and one that has nine tenths of all leaves eight. Votes can be added. */
struct vote {
    uint32_t place; /* OWN_NONE: nobody's */
    uint64_t left, all;
};

static void vote_add(struct vote *to, const struct vote *more)
{
    to->all += more->all;
    if (to->place == more->place) {
        to->left += more->left;
    } else if (to->left >= more->left) {
        to->left -= more->left;
    } else {
        to->place = more->place;
        to->left = more->left - to->left;
    }
}

/* By place: the line that nearly all of what lived under it was allocated by. */
static struct vote *votes_of_places(const struct answering *a)
{
    size_t places = a->stacks->frames.place_count;
    struct vote *below = base_alloc(a->tree.count, sizeof *below);
    struct vote *votes = base_alloc(places, sizeof *votes);
    for (uint32_t e = 0; e < a->tree.count; e++) {
        uint64_t weight = amount_at(a, e)->live_peak;
        below[e] = (struct vote){a->own[e], weight, weight};
    }
    for (size_t p = 0; p < places; p++)
        votes[p].place = OWN_NONE;
    for (uint32_t e = a->tree.count; e-- > 1;) {
        if (a->outermost[e])
            vote_add(&votes[a->tree.key[e]], &below[e]);
        vote_add(&below[a->tree.parent[e]], &below[e]);
    }
    free(below);
    return votes;
}

struct jump {
    uint64_t rise, most;
    bool together;
};

/* By place: the highest rise of an own line below it. */
static uint64_t *rises_below(const struct answering *a)
{
    uint64_t *below = base_alloc(a->tree.count, sizeof *below);
    uint64_t *of_place = base_alloc(a->stacks->frames.place_count, sizeof *of_place);
    for (uint32_t e = a->tree.count; e-- > 1;) {
        uint32_t place = a->tree.key[e];
        uint64_t *outer = &below[a->tree.parent[e]], most = below[e];
        if (place < TREE_THREAD && most > of_place[place])
            of_place[place] = most;
        if (place < TREE_THREAD && rank_of(a, place) <= a->rank &&
            a->lines->list[place].rise > most)
            most = a->lines->list[place].rise;
        if (most > *outer)
            *outer = most;
    }
    free(below);
    return of_place;
}

static void jump_reach(struct jump *jump, const struct row *row)
{
    if (row->rise > jump->rise)
        *jump = (struct jump){row->rise, row->rise_most, false};
}

/* Lines that rose by what several lines below them did by turns, each a little at a time: no other row would tell of it. */
static void jumps_together(const struct answering *a, struct jump *jumps, const struct vote *votes)
{
    uint64_t *below = rises_below(a);
    for (uint32_t p = 0; p < a->stacks->frames.place_count; p++) {
        const struct row *row = &a->lines->list[p];
        bool one = votes[p].left >= votes[p].all - votes[p].all / 5;
        if (!one && rank_of(a, p) <= a->rank && row->rise > jumps[p].rise &&
            below[p] < row->rise / 2)
            jumps[p] = (struct jump){row->rise, row->rise_most, true};
    }
    free(below);
}

/* By place: what the line jumped. That is its own rise, or that of a caller under which it allocated nearly everything; but never
 * more than the line ever had: the rest was done by what it called. */
static struct jump *jumps_make(const struct answering *a, const struct amount *of_place)
{
    size_t places = a->stacks->frames.place_count;
    struct jump *jumps = base_alloc(places, sizeof *jumps);
    struct vote *votes = votes_of_places(a);
    for (size_t p = 0; p < places; p++) {
        uint32_t did = votes[p].place;
        jump_reach(&jumps[p], &a->lines->list[p]);
        if (did != OWN_NONE && rank_of(a, (uint32_t)p) <= a->rank &&
            votes[p].left >= votes[p].all - votes[p].all / 5)
            jump_reach(&jumps[did], &a->lines->list[p]);
    }
    for (size_t p = 0; p < places; p++)
        if (jumps[p].rise > of_place[p].live_peak)
            jumps[p] = (struct jump){of_place[p].live_peak, 0, false};
    jumps_together(a, jumps, votes);
    free(votes);
    return jumps;
}

/* ---- by way of which calls ---- */

struct ways {
    const struct answering *a;
    enum question question;
    uint32_t *last,
        *before; /* by place, by entry: its last entry with an amount, and the one before; 0: none */
    int64_t *below;   /* by entry, all 0 between uses */
    int64_t *through; /* by place, likewise */
    uint64_t *due;    /* a bit for each entry whose `below` is to be handed on, likewise */
};

static void ways_start(struct ways *ways)
{
    const struct answering *a = ways->a;
    uint32_t entries = a->tree.count;
    size_t places = a->stacks->frames.place_count;
    ways->last = base_alloc(places, sizeof *ways->last);
    ways->before = base_alloc(entries, sizeof *ways->before);
    ways->below = base_alloc(entries, sizeof *ways->below);
    ways->through = base_alloc(places, sizeof *ways->through);
    ways->due = base_alloc(entries / 64 + (size_t)1, sizeof *ways->due);
    for (uint32_t e = 1; e < entries; e++)
        if (a->amount_at[e] && a->own[e] != OWN_NONE) {
            ways->before[e] = ways->last[a->own[e]];
            ways->last[a->own[e]] = e;
        }
}

static void ways_end(struct ways *ways)
{
    free(ways->last);
    free(ways->before);
    free(ways->below);
    free(ways->through);
    free(ways->due);
}

static void ways_add(const struct ways *ways, uint32_t entry, int64_t more)
{
    ways->below[entry] = (int64_t)((uint64_t)ways->below[entry] + (uint64_t)more);
    if (entry)
        ways->due[entry / 64] |= (uint64_t)1 << entry % 64;
}

/* To the entry further out: what is below it has been handed on already, as all that has a higher number. */
static void ways_hand_on(const struct ways *ways, uint32_t entry)
{
    const struct answering *a = ways->a;
    int64_t below = ways->below[entry];
    ways->below[entry] = 0;
    ways->due[entry / 64] &= ~((uint64_t)1 << entry % 64);
    ways_add(ways, a->tree.parent[entry], below);
    if (a->outermost[entry]) {
        int64_t *through = &ways->through[a->tree.key[entry]];
        *through = (int64_t)((uint64_t)*through + (uint64_t)below);
    }
}

/* The entry where most of it was allocated. */
static uint32_t ways_weigh(const struct ways *ways, uint32_t place)
{
    const struct answering *a = ways->a;
    uint32_t heaviest = 0;
    int64_t most = 0;
    for (uint32_t e = ways->last[place]; e; e = ways->before[e]) {
        int64_t own = amount_asked(amount_at(a, e), ways->question);
        ways_add(ways, e, own);
        if (own > most) {
            most = own;
            heaviest = e;
        }
    }
    for (size_t word = ways->last[place] / 64 + (size_t)1; word-- > 0;)
        while (ways->due[word])
            ways_hand_on(ways,
                         (uint32_t)(word * 64 + 63) - (uint32_t)__builtin_clzll(ways->due[word]));
    return heaviest;
}

static void ways_forget(const struct ways *ways)
{
    ways->below[0] = 0;
    for (size_t p = 0; p < ways->a->stacks->frames.place_count; p++)
        ways->through[p] = 0;
}

static bool ways_has(const struct answer_line *line, uint32_t place)
{
    for (unsigned i = 0; i < line->way_count; i++)
        if (line->ways[i] == place)
            return true;
    return place == line->place;
}

static void ways_find(const struct ways *ways, struct answer_line *line)
{
    const struct answering *a = ways->a;
    uint32_t at = ways_weigh(ways, line->place);
    int64_t all = ways->below[0];
    /* Named callers of named lines; where all code is asked for, all of them. */
    enum rank rank = a->rank == RANK_LIBRARY ? RANK_LIBRARY : rank_of(a, line->place);
    for (; at && line->way_count < ANSWER_WAYS; at = a->tree.parent[at]) {
        uint32_t place = a->tree.key[at];
        if (place < TREE_THREAD && rank_of(a, place) <= rank && !ways_has(line, place) &&
            ways->through[place] >= all - all / 100)
            line->ways[line->way_count++] = place;
    }
    ways_forget(ways);
}

/* ---- lines ---- */

static int line_order(const void *a, const void *b)
{
    const struct answer_line *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    if (x->allocated != y->allocated)
        return x->allocated > y->allocated ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* What each line did, and what none did. */
static struct amount *amounts_of_places(const struct answering *a, struct amount *none)
{
    struct amount *of_place = base_alloc(a->stacks->frames.place_count, sizeof *of_place);
    *none = (struct amount){0};
    for (uint32_t e = 0; e < a->tree.count; e++)
        if (a->amount_at[e])
            amount_add(a->own[e] == OWN_NONE ? none : &of_place[a->own[e]], amount_at(a, e));
    return of_place;
}

static void answer_list(const struct answering *a, enum question question,
                        const struct amount *of_place, struct answer *answer)
{
    size_t places = a->stacks->frames.place_count, cap = 0;
    struct jump *jumps = question == QUESTION_JUMPED ? jumps_make(a, of_place) : NULL;
    for (uint32_t p = 0; p < places; p++) {
        const struct amount *amount = &of_place[p];
        struct answer_line line = {.place = p,
                                   .bytes = amount_asked(amount, question),
                                   .allocated = amount->allocated,
                                   .allocations = amount->allocations};
        if (jumps) {
            line.bytes = jumps[p].rise > INT64_MAX ? INT64_MAX : (int64_t)jumps[p].rise;
            line.most = jumps[p].most;
            line.together = jumps[p].together;
        }
        if (!line.bytes && !line.allocated)
            continue;
        answer->lines = base_room(answer->lines, &cap, answer->count + 1, sizeof *answer->lines);
        answer->lines[answer->count++] = line;
    }
    free(jumps);
    if (answer->count)
        qsort(answer->lines, answer->count, sizeof *answer->lines, line_order);
}

/* Only the first `top`, and only those with something to show. */
static void answer_cut(struct answer *answer, enum question question, const struct asking *asking)
{
    size_t shown = 0;
    int64_t whole = question == QUESTION_JUMPED ? 0 : answer->total.bytes;
    double least = question == QUESTION_KEPT ? asking->min_share_kept : asking->min_share;
    while (shown < answer->count && (!asking->top || shown < asking->top) &&
           answer->lines[shown].bytes > 0 &&
           share_reaches(answer->lines[shown].bytes, whole, least))
        shown++;
    struct answer_part *others = &answer->others;
    for (size_t i = shown; i < answer->count; i++) {
        const struct answer_line *line = &answer->lines[i];
        others->lines++;
        if (question != QUESTION_JUMPED)
            others->bytes = (int64_t)((uint64_t)others->bytes + (uint64_t)line->bytes);
        others->allocated += line->allocated;
        others->allocations += line->allocations;
    }
    answer->count = shown;
}

static void answer_make(struct answering *a, enum question question, struct answer *answer,
                        const struct asking *asking)
{
    struct own own = {.ranks = a->ranks, .rank = a->rank, .kept_apart = question == QUESTION_KEPT};
    a->own = own_places(a->stacks, &a->tree, &own);
    struct amount none;
    struct amount *of_place = amounts_of_places(a, &none);
    answer->runtimes = part_of(&none, question);
    answer_list(a, question, of_place, answer);
    free(of_place);
    answer_cut(answer, question, asking);
    struct ways ways = {.a = a, .question = question};
    ways_start(&ways);
    for (size_t i = 0; i < answer->count && i < WAYS_OF; i++)
        ways_find(&ways, &answer->lines[i]);
    ways_end(&ways);
    free(a->own);
    a->own = NULL;
}

void answers_make(struct answers *answers, const struct stacks *stacks, const struct rows *lines,
                  const struct asking *asking)
{
    const struct log_header *header = &stacks->log.header;
    const struct frames *frames = &stacks->frames;
    *answers =
        (struct answers){.kept = header->python && header->finished ? METRIC_LIVE : METRIC_LEAKED};
    struct answering a = {.stacks = stacks,
                          .lines = lines,
                          .kept = answers->kept,
                          .rank = asking->rank,
                          .ranks = own_ranks(frames)};
    tree_make(&a.tree, stacks, false);
    a.outermost = own_outermost(&a.tree, (uint32_t)frames->place_count);
    struct amount unknown, total;
    sum_entries(&a, &asking->filter, &unknown, &total);
    for (enum question q = 0; q < QUESTIONS; q++) {
        answers->of[q].total = part_of(&total, q);
        answers->of[q].unknown = part_of(&unknown, q);
        answer_make(&a, q, &answers->of[q], asking);
    }
    free(a.amounts);
    free(a.amount_at);
    free(a.outermost);
    free(a.ranks);
    tree_free(&a.tree);
}

void answers_free(struct answers *answers)
{
    for (enum question q = 0; q < QUESTIONS; q++)
        free(answers->of[q].lines);
    *answers = (struct answers){0};
}
