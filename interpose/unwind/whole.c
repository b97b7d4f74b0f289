/* SPDX-License-Identifier: MIT */
#include "unwind/whole.h"

#include <string.h>

#include "base/meta.h"
#include "os/os.h"
#include "unwind/rule_layout.h"
#include "unwind/walk.h"

#define WORD       sizeof(uintptr_t)
#define RING_BYTES (1u << 20) /* about 2,500 stacks of 20 frames */
#define BUCKETS    2048u
#define SHAPES     2048u
/* shapes at one place: functions that are called from frames of different sizes */
#define WAYS   4u
#define PICKED 9u
#define FEW                                                                                        \
    4u /* with more words than this, a shape's stacks take turns: the last one seldom comes again */
#define WORDS_MAX 64u /* deeper stacks are left to the memo */

/* At least 13 of 16 events in a window must be found, or the cache rests: for REST events at first,
 * longer each time. What is found costs a look at memory that the walk's memo does not need, since
 * that is always the same. cc1plus, two thirds of whose stacks come again, gets slower by it. */
#define WINDOW   4096u
#define REST     1024u
#define REST_MAX (1u << 20)

/* A shape says which words above sp tell the entries for one (pc, sp) apart. The two innermost
 * return addresses do for most stacks. Recursion has many stacks of one pc and sp: where two
 * entries meet, a word in which they differ is added. */
struct shape {
    uintptr_t pc, sp;
    uint64_t last; /* the entry found last, tried first while there are few words */
    uint32_t count;
    uint32_t offset[PICKED];
};

struct words {
    uintptr_t sp;
    uintptr_t at[WORDS_MAX];
    uint32_t count;
};

struct mt_wholes {
    uint64_t newest[BUCKETS]; /* entry->at; 0: none */
    uint64_t next;            /* where the next entry will stand */
    uint64_t oldest;          /* entries below are gone */
    uint32_t left;            /* events until this window, or this rest, ends */
    uint32_t missed;          /* in this window */
    uint32_t next_rest;       /* how many events the next rest lasts */
    bool rests;
    struct words words; /* of the stack that is being added: too large for the program's stack */
    _Alignas(64) struct shape shapes[SHAPES];
    _Alignas(64) char ring[RING_BYTES];
};

struct mt_wholes *mt_wholes_new(void)
{
    struct mt_wholes *wholes = mt_meta_map(sizeof *wholes);
    if (wholes) {
        wholes->next = wholes->oldest = RING_BYTES;
        wholes->left = WINDOW;
        wholes->next_rest = REST;
    }
    return wholes;
}

void mt_wholes_free(struct mt_wholes *wholes)
{
    if (wholes)
        mt_meta_unmap(wholes, sizeof *wholes);
}

void mt_wholes_forget(struct mt_wholes *wholes)
{
    if (wholes)
        wholes->oldest = wholes->next;
}

static struct mt_whole *entry_at(struct mt_wholes *wholes, uint64_t at)
{
    return (struct mt_whole *)(wholes->ring + at % RING_BYTES);
}

static struct shape *shapes_of(struct mt_wholes *wholes, const struct mt_start *from)
{
    uint64_t h = (from->pc ^ from->sp << 12) * 0x9e3779b97f4a7c15u;
    return &wholes->shapes[(h >> 53) & ~(uint64_t)(WAYS - 1)];
}
_Static_assert(SHAPES == 1u << (64 - 53), "shapes_of");

static uint64_t *bucket_of(struct mt_wholes *wholes, const struct shape *shape)
{
    uint64_t h = shape->pc ^ shape->sp << 12;
    for (size_t i = 0; i < shape->count; i++)
        h += mt_bounds_word(shape->sp + shape->offset[i]) * (0x9e3779b97f4a7c15u + 2 * i);
    return &wholes->newest[h * 0x9e3779b97f4a7c15u >> 53];
}
_Static_assert(BUCKETS == 1u << (64 - 53), "bucket_of");

/* Whether all words stand there. The addresses are those of an earlier walk from the same sp on the
 * thread's own stack, which stays mapped from there up. */
static inline bool stands(const struct mt_whole *whole)
{
    const struct mt_whole_word *w = whole->word, *end = w + whole->words;

    for (; end - w >= 4; w += 4)
        if (((mt_bounds_word(w[0].at) ^ w[0].want) | (mt_bounds_word(w[1].at) ^ w[1].want) |
             (mt_bounds_word(w[2].at) ^ w[2].want) | (mt_bounds_word(w[3].at) ^ w[3].want)) != 0)
            return false;
    for (; w < end; w++)
        if (mt_bounds_word(w->at) != w->want)
            return false;
    return true;
}

static inline bool is(const struct mt_whole *whole, const struct mt_start *from)
{
    return whole->pc == from->pc && whole->sp == from->sp &&
           (whole->fp == from->fp || !whole->need_fp) && stands(whole);
}

/* A window or a rest ends. False: the cache does not pay, and rests now. */
static __attribute__((noinline, cold)) bool window_ends(struct mt_wholes *wholes)
{
    bool rested = wholes->rests, poor = !rested && wholes->missed > WINDOW / 16 * 3;
    wholes->missed = 0;
    wholes->rests = poor;
    wholes->left = poor ? wholes->next_rest : WINDOW;
    if (!poor && !rested)
        wholes->next_rest = REST;
    else if (poor && wholes->next_rest < REST_MAX)
        wholes->next_rest *= 2;
    return !poor;
}

/* Search all entries of its places. */
static __attribute__((noinline)) struct mt_whole *search(struct mt_wholes *wholes,
                                                         const struct mt_start *from)
{
    struct shape *shape = shapes_of(wholes, from);
    for (struct shape *end = shape + WAYS; shape < end; shape++) {
        if (shape->pc != from->pc || shape->sp != from->sp)
            continue;
        for (uint64_t at = *bucket_of(wholes, shape), older; at >= wholes->oldest; at = older) {
            struct mt_whole *whole = entry_at(wholes, at);
            if (is(whole, from)) {
                shape->last = at;
                return whole;
            }
            older = whole->older;
        }
    }
    wholes->missed++;
    return NULL;
}

struct mt_whole *mt_whole_find(struct mt_wholes *wholes, const struct mt_start *from)
{
    if (__builtin_expect(--wholes->left == 0, 0) && !window_ends(wholes))
        return NULL;
    if (__builtin_expect(wholes->rests, 0))
        return NULL;
    const struct shape *shape = shapes_of(wholes, from);
    if (shape->pc == from->pc && shape->sp == from->sp && shape->count <= FEW &&
        shape->last >= wholes->oldest) {
        struct mt_whole *whole = entry_at(wholes, shape->last);
        if (is(whole, from))
            return whole;
    }
    return search(wholes, from);
}

static size_t bytes_of(uint32_t words, uint32_t frames)
{
    return sizeof(struct mt_whole) + words * sizeof(struct mt_whole_word) +
           (frames + 1) / 2 * 2 * sizeof(uint32_t);
}

/* Room for an entry; what stood there is gone. */
static struct mt_whole *make_room(struct mt_wholes *wholes, size_t bytes)
{
    uint64_t at = wholes->next;
    if (at % RING_BYTES + bytes > RING_BYTES)
        at += RING_BYTES - at % RING_BYTES;
    wholes->next = at + bytes;
    if (wholes->oldest + RING_BYTES < wholes->next)
        wholes->oldest = wholes->next - RING_BYTES;
    struct mt_whole *whole = entry_at(wholes, at);
    whole->at = at;
    return whole;
}

static bool put(struct words *words, uintptr_t at)
{
    if (words->count == WORDS_MAX || at - words->sp > UINT32_MAX)
        return false;
    words->at[words->count++] = at;
    return true;
}

/* The words that the walk read: first the return addresses, then what else decided where these
 * stand. */
static bool collect(struct words *words, const struct mt_stack *stack, const struct mt_walk *walk)
{
    const struct mt_frame *frames = stack->frames;
    const struct mt_link *links = walk->links;

    for (uint32_t at = stack->used - 1; at > 0; at--)
        if (!put(words, frames[at - 1].sp - mt_walk_saved_ra(links[at].rule) * WORD))
            return false;
    for (uint32_t at = stack->used - 1; at > 0; at--) {
        if (MT_RULE_KIND(links[at].rule) == MT_RULE_REALIGNED) {
            if (!put(words, links[at].fp - MT_ARCH_RULE_N(links[at].rule) * WORD) ||
                (links[at - 1].need && !put(words, links[at].fp)))
                return false;
        } else if (links[at].check && !put(words, frames[at - 1].sp - links[at].check * WORD)) {
            return false;
        }
    }
    return true;
}

/* The shape of a stack. A new one takes another's way. */
static struct shape *shape_of(struct mt_wholes *wholes, const struct mt_start *from,
                              const struct words *words, uint32_t frames)
{
    struct shape new = {from->pc, from->sp, 0, 2, {0}}, *set = shapes_of(wholes, from);
    new.offset[0] = (uint32_t)(words->at[0] - from->sp);
    new.offset[1] = (uint32_t)(words->at[frames > 2] - from->sp);
    for (uint32_t way = 0; way < WAYS; way++)
        if (set[way].pc == new.pc && set[way].sp == new.sp &&set[way].offset[0] == new.offset[0] &&
            set[way].offset[1] == new.offset[1])
            return &set[way];
    for (uint32_t way = WAYS - 1; way; way--)
        set[way] = set[way - 1];
    set[0] = new;
    return set;
}

/* The new entry would share its bucket with one of the same pc and sp: from now on a word in which
 * they differ takes part. What stands in other buckets is no longer found, and is added again when
 * it is met. */
static void tell_apart(struct mt_wholes *wholes, struct shape *shape, const struct words *words)
{
    uint64_t at = *bucket_of(wholes, shape);
    if (at < wholes->oldest || shape->count == PICKED)
        return;
    const struct mt_whole *other = entry_at(wholes, at);
    if (other->pc != shape->pc || other->sp != shape->sp)
        return;
    for (uint32_t i = 0; i < other->words && i < words->count; i++) {
        const struct mt_whole_word *word = &other->word[i];
        if (word->at != words->at[i])
            return;
        if (mt_bounds_word(word->at) != word->want) {
            shape->offset[shape->count++] = (uint32_t)(word->at - shape->sp);
            return;
        }
    }
}

struct mt_whole *mt_whole_add(struct mt_wholes *wholes, const struct mt_stack *stack,
                              const struct mt_walk *walk, const struct mt_start *from)
{
    struct words *words = &wholes->words;
    words->sp = from->sp;
    words->count = 0;
    if (wholes->rests || !walk->memo || stack->cut || stack->used < 2 || stack->used > WORDS_MAX ||
        !collect(words, stack, walk))
        return NULL;
    struct shape *shape = shape_of(wholes, from, words, stack->used);
    tell_apart(wholes, shape, words);
    uint64_t *bucket = bucket_of(wholes, shape);
    struct mt_whole *whole = make_room(wholes, bytes_of(words->count, stack->used));
    const struct mt_link *last = &walk->links[stack->used - 1];
    whole->older = *bucket;
    *bucket = whole->at;
    whole->known = (struct mt_known){0, 0, 0};
    whole->pc = from->pc;
    whole->sp = from->sp;
    whole->fp = from->fp;
    whole->need_fp = last->need;
    whole->named = false;
    whole->before = 0;
    whole->frames = stack->used;
    whole->words = words->count;
    for (uint32_t i = 0; i < words->count; i++)
        whole->word[i] = (struct mt_whole_word){mt_bounds_word(words->at[i]), words->at[i]};
    return whole;
}
