/* SPDX-License-Identifier: MIT
 *
 * Remembered stacks: where an event starts (pc, sp, fp), and all words that the walk from there
 * read. As long as all of them stand on the stack, the walk would give the same frames: the stack
 * is known, and no frame need be looked at. That takes 5 to 10 ns for 20 frames; a walk of as many
 * takes 50 to 200.
 *
 * Each thread has one ring of entries: a new one takes the oldest's place. Only stacks get in that
 * lie on the thread's own stack and were walked by rules alone. Where few come again, the cache
 * rests for a while.
 */
#ifndef MT_UNWIND_WHOLE_H
#define MT_UNWIND_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/arch.h"
#include "unwind/bounds.h"
#include "unwind/stack.h"

struct mt_whole_picked;

/* An entry. `at` tells the entries of a cache apart, and is never used twice. */
struct mt_whole {
    uint64_t at;    /* its place in the endless ring */
    uint64_t older; /* next entry in the chain of its bucket, or one that is gone */
    struct mt_known known;
    uintptr_t pc, sp, fp;
    /* for tables/capture.c: `at` of the stack of the event before, how many nodes they share, and the outermost that they do not */
    uint64_t before;
    uint32_t before_site;
    uint16_t before_same;
    uint16_t frames;
    /* of word[], which must be the same; the first frames - 1 are the return addresses, innermost first */
    uint16_t words;
    bool need_fp;
    bool named; /* nodes are filled in; as `known`, for whoever remembers stacks here */
    mt_arch_word word[];
};

/* The thread's cache, or NULL: no memory. */
struct mt_wholes *mt_wholes_new(void);
/* Release it; forget what it has. NULL is allowed. */
void mt_wholes_free(struct mt_wholes *wholes);
void mt_wholes_forget(struct mt_wholes *wholes);

/* The pc of its frame `i`, counted from the outermost. */
static inline uintptr_t mt_whole_pc(const struct mt_whole *whole, uint32_t i)
{
    return i + 1 == whole->frames
               ? whole->pc
               : mt_arch_ra(mt_arch_word_want(&whole->word[whole->frames - 2 - i]));
}

/* Room for a number for each frame, the outermost first, that goes away with the entry: see `named`. */
static inline uint32_t *mt_whole_nodes(struct mt_whole *whole)
{
    return (uint32_t *)(whole->word + whole->words);
}

/* How many nodes two stacks of one tree have in common, by the nodes of their frames: the root of both counts, too. A node has one parent, so that where two stacks have the same one all nodes further out are the same, too. Mostly only a
 * few innermost ones are not; else the place is halved. */
static inline uint32_t mt_whole_same(const struct mt_whole *a, const uint32_t *in_a,
                                     const struct mt_whole *b, const uint32_t *in_b)
{
    uint32_t n = a->frames < b->frames ? a->frames : b->frames, near = n > 4 ? n - 4 : 0, half;
    for (; n > near; n--)
        if (in_a[n - 1] == in_b[n - 1])
            return n + 1;
    for (near = 0; near < n;) { /* the outer `near` are the same, those from n on are not */
        half = (near + n + 1) / 2;
        if (in_a[half - 1] == in_b[half - 1])
            near = half;
        else
            n = half - 1;
    }
    return n + 1;
}

/* How many nodes its stack has in common with one of these pcs, outermost first: the root of both counts, too. */
static inline uint32_t mt_whole_same_keys(const uint64_t *keys, uint32_t used,
                                          const struct mt_whole *whole)
{
    uint32_t n = whole->frames < used ? whole->frames : used, same = 0;
    while (same < n && mt_whole_pc(whole, same) == keys[same])
        same++;
    return same + 1;
}

/* The words of a stack, to be put together for mt_whole_add: the return addresses first, innermost first. Room is for MT_WHOLE_WORDS. */
struct mt_whole_picked *mt_whole_words(struct mt_wholes *wholes, const struct mt_start *from);
bool mt_whole_put(struct mt_whole_picked *words, uintptr_t at);

/* Remember the stack that was just walked from `from`, in place of old ones: of so many frames, 2 and more, and the words put since
 * mt_whole_words. NULL: the cache rests. */
struct mt_whole *mt_whole_add(struct mt_wholes *wholes, const struct mt_start *from,
                              uint32_t frames, bool need_fp);

/* ---- For whole.c and unwind.c alone: what each event passes, to be inlined ---- */

#define MT_WHOLE_RING_BYTES (1u << 20) /* 2,500 stacks of 20 frames or more */
#define MT_WHOLE_BUCKETS    2048u
#define MT_WHOLE_SHAPES     2048u
/* shapes at one place: functions that are called from frames of different sizes */
#define MT_WHOLE_WAYS   4u
#define MT_WHOLE_PICKED 9u
#define MT_WHOLE_WORDS  64u /* deeper stacks are left to the memo */
#define MT_WHOLE_FEW                                                                               \
    4u /* with more words than this, a shape's stacks take turns: the last one seldom comes again */

/* A shape says which words above sp tell the entries for one (pc, sp) apart. The two innermost
 * return addresses do for most stacks. Recursion has many stacks of one pc and sp: where two
 * entries meet, a word in which they differ is added. */
struct mt_whole_shape {
    uintptr_t pc, sp;
    uint64_t last; /* the entry found last, tried first while there are few words */
    uint32_t count;
    uint32_t offset[MT_WHOLE_PICKED];
};

struct mt_whole_picked {
    uintptr_t sp;
    uintptr_t at[MT_WHOLE_WORDS];
    uint32_t count;
};

struct mt_wholes {
    uint64_t newest[MT_WHOLE_BUCKETS]; /* entry->at; 0: none */
    uint64_t next;                     /* where the next entry will stand */
    uint64_t oldest;                   /* entries below are gone */
    uint32_t left;                     /* events until this window, or this rest, ends */
    uint32_t missed;                   /* in this window */
    uint32_t next_rest;                /* how many events the next rest lasts */
    bool rests;
    struct mt_whole_picked
        words; /* of the stack that is being added: too large for the program's stack */
    _Alignas(64) struct mt_whole_shape shapes[MT_WHOLE_SHAPES];
    _Alignas(64) char ring[MT_WHOLE_RING_BYTES];
};

/* The entry at this place of the endless ring. */
static inline struct mt_whole *mt_whole_at(struct mt_wholes *wholes, uint64_t at)
{
    return (struct mt_whole *)(wholes->ring + at % MT_WHOLE_RING_BYTES);
}

/* The MT_WHOLE_WAYS places of shapes of this pc and sp. */
static inline struct mt_whole_shape *mt_whole_shapes(struct mt_wholes *wholes,
                                                     const struct mt_start *from)
{
    uint64_t h = (from->pc ^ from->sp << 12) * 0x9e3779b97f4a7c15u;
    return &wholes->shapes[(h >> 53) & ~(uint64_t)(MT_WHOLE_WAYS - 1)];
}
_Static_assert(MT_WHOLE_SHAPES == 1u << (64 - 53), "mt_whole_shapes");

/* Whether all words stand there. The addresses are those of an earlier walk from the same sp on the
 * thread's own stack, which stays mapped from there up. */
static inline __attribute__((always_inline)) bool mt_whole_stands(const struct mt_whole *whole)
{
    return mt_arch_words_stand(whole->word, whole->words, whole->sp);
}

/* Whether it is the event's. */
static inline bool mt_whole_is(const struct mt_whole *whole, const struct mt_start *from)
{
    return whole->pc == from->pc && whole->sp == from->sp &&
           (whole->fp == from->fp || !whole->need_fp) && mt_whole_stands(whole);
}

/* The slow parts: a window or a rest ends (false: the cache rests now); search all entries of the place. */
bool mt_whole_window_ends(struct mt_wholes *wholes);
struct mt_whole *mt_whole_search(struct mt_wholes *wholes, const struct mt_start *from);

/* The remembered stack of an event from `from`; NULL: none. By the thread. */
static inline __attribute__((always_inline)) struct mt_whole *
mt_whole_find(struct mt_wholes *wholes, const struct mt_start *from)
{
    if (__builtin_expect(--wholes->left == 0, 0) && !mt_whole_window_ends(wholes))
        return NULL;
    if (__builtin_expect(wholes->rests, 0))
        return NULL;
    const struct mt_whole_shape *shape = mt_whole_shapes(wholes, from);
    if (shape->pc == from->pc && shape->sp == from->sp && shape->count <= MT_WHOLE_FEW &&
        shape->last >= wholes->oldest) {
        struct mt_whole *whole = mt_whole_at(wholes, shape->last); /* of this pc and sp */
        if ((whole->fp == from->fp || !whole->need_fp) && mt_whole_stands(whole))
            return whole;
    }
    return mt_whole_search(wholes, from);
}

#endif
