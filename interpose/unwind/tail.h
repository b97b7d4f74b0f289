/* SPDX-License-Identifier: MIT
 *
 * The thread's last stack, frame by frame, with every word that its walk read; and remembered tails: the frames further in than one
 * of these, found by where the event is (pc, sp) and by the node of that frame.
 *
 * Why it is exact. A walk's state is (pc, sp, fp), and a step depends on it, on the pc's rule and on the words that it reads (walk.c).
 * A tail says: from this state, with these words, the walk comes to that state. The frames of the last stack say: from there, with those
 * words, it goes on so. An event's stack is known if all words of both stand there, each of them compared, and if the state in between
 * is the same: pc, sp, and fp where frames further out depend on it. What the words are compared in does not matter, since all of them
 * lie on the thread's own stack, in which each was read before. No hash decides anything: it only says where to look.
 *
 * A tail that is found and is not short stands as one segment on the frames, and is put among them when another tail comes to stand on it.
 *
 * Whole stacks (whole.h) are asked first: one that is remembered there costs least, as no frame is touched. What is new, or seldom, is
 * found here, and costs its new frames only. So the last stack here is that of the last event which was not remembered as a whole.
 */
#ifndef MT_UNWIND_TAIL_H
#define MT_UNWIND_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/arch.h"
#include "unwind/bounds.h"
#include "unwind/stack.h"
#include "unwind/walk.h"

/* A word of the stack, and what it must be. */
struct mt_tail_word {
    uintptr_t want;
    uintptr_t at;
};

/* A frame. Its words are those by which the next inner frame's step came to it: first the return address, then what else that step
 * read and its caller depends on. */
struct mt_tail_frame {
    uintptr_t pc, sp, fp; /* fp: meaningless without need */
    uint32_t node;        /* the caller's own; a frame of another node is another frame */
    uint32_t words;       /* end of its words */
    bool need;            /* frames from here outward depend on fp */
};

/* One of a tail's. */
struct mt_tail_inner {
    uintptr_t fp;
    uint32_t node;
    uint32_t up;    /* sp, from the event's */
    uint32_t first; /* of its words */
    bool need;
};

/* A tail. */
struct mt_tail {
    uint64_t older,
        key; /* the next one in its chain, or one that is gone; what it is looked for by */
    uintptr_t pc, sp, fp;       /* of the event */
    struct mt_tail_frame outer; /* the frame that it stands on */
    struct mt_known known;      /* of the whole stack */
    uint32_t frames, words;     /* without the event's own; outermost first */
    bool need;                  /* its steps depend on fp */
    struct mt_tail_word word[]; /* then struct mt_tail_inner[frames] */
};

struct mt_tails;

/* The thread's memory, or NULL. `bounds`: those of its stack; they stay where they are. */
struct mt_tails *mt_tails_new(struct mt_bounds *bounds);
/* Release it; forget what it has. NULL is allowed. */
void mt_tails_free(struct mt_tails *tails);
void mt_tails_forget(struct mt_tails *tails);

/* After mt_tails_find has found nothing: step by rules to a frame of the last stack. The frames from *first on are new and want nodes;
 * then mt_tails_add. False: mt_unwind has to do it. */
bool mt_tails_step(struct mt_tails *tails, const struct mt_start *from, uint32_t *first);

/* After mt_unwind: take its stack over, as mt_tails_step. False: it is none that words tell. */
bool mt_tails_take(struct mt_tails *tails, const struct mt_stack *stack, const struct mt_walk *walk,
                   uint32_t *first);

/* After these two: the frames without the event's own, outermost first. */
struct mt_tail_frame *mt_tails_frames(struct mt_tails *tails, uint32_t *used);

/* All frames have their nodes, and the event's own has `leaf`: remember them. */
void mt_tails_add(struct mt_tails *tails, const struct mt_start *from, uint32_t first,
                  uint32_t leaf, struct mt_found *found);

/* The node of the event's own frame. */
uint32_t mt_tails_leaf(const struct mt_tails *tails);

/* The pc of frame i of the stack that was found, the outermost is 0, without the event's own. */
uintptr_t mt_tails_pc(const struct mt_tails *tails, uint32_t i);

/* ---- For tail.c and tail_find.c alone: what finds stacks and what remembers new ones share ---- */

/* Twice as much saves cc1plus 11 instructions an event of 1,650, churn 6, others none. */
#define MT_TAIL_RING_BYTES (1u << 19)
#define MT_TAIL_BUCKETS    4096u
#define MT_TAIL_FORKS      2048u
#define MT_TAIL_FRAMES_MAX 4096u /* deeper stacks are left to the walk */
#define MT_TAIL_WORDS_MAX  (3 * MT_TAIL_FRAMES_MAX)
#define MT_TAIL_STEPS_MAX  128u
#define MT_TAIL_FORKS_DEEP 16u
#define MT_TAIL_LONG       6u /* a tail of more frames is looked for at fewer places */
#define MT_TAIL_SHORT      3u /* one of fewer is put among the frames at once */

/* Several tails of one pc, sp and outer frame have the same key: a word that tells them apart says by which key each is found. */
struct mt_tail_fork {
    uint64_t key;
    uintptr_t pc, sp;
    uintptr_t up; /* from sp to the word */
};

/* Which frames of the last stack may be those of the event: of `frame` the outer `used`, of the segment the outer `last`. */
struct mt_tail_standing {
    uint32_t used, last;
};

struct mt_tails {
    struct mt_bounds *bounds;
    uint32_t generation; /* mt_unwind_generation at the last event */
    /* The last stack, without its event's own frame: first `used` frames, then as many of a tail, which is the segment. */
    uint32_t used, last;
    struct mt_tail *segment;
    struct mt_tail *tip; /* the tail found last; NULL: the last stack was not found */
    uint32_t
        leaf; /* node of the event's own frame, 0: it is not known, nor which frames are the event's */
    bool need;                        /* the frames depend on the event's fp */
    struct mt_tail_standing standing; /* of the event that was not found */
    uint32_t turned,
        turned_at; /* the node of the last stack behind the standing frames, and how many these are */
    uint64_t next,
        oldest; /* in the endless ring: where the next tail will stand; those below are gone */
    struct mt_known only;             /* of a stack that is not remembered */
    uint64_t newest[MT_TAIL_BUCKETS]; /* tail->at; 0: none */
    struct mt_tail_fork fork[MT_TAIL_FORKS];
    struct mt_step step[MT_TAIL_STEPS_MAX];
    struct mt_tail_frame frame[MT_TAIL_FRAMES_MAX];
    struct mt_tail_word word[MT_TAIL_WORDS_MAX];
    _Alignas(64) char ring[MT_TAIL_RING_BYTES];
};

/* The tail at this place of the endless ring. */
static inline struct mt_tail *mt_tail_at(struct mt_tails *t, uint64_t at)
{
    return (struct mt_tail *)(t->ring + at % MT_TAIL_RING_BYTES);
}

/* A tail's frames, outermost first. */
static inline struct mt_tail_inner *mt_tail_inner_of(const struct mt_tail *tail)
{
    return (struct mt_tail_inner *)(tail->word + tail->words);
}

/* ---- The frames of the last stack ---- */

/* The first word of frame i. */
static inline uint32_t mt_tail_first_word(const struct mt_tails *t, uint32_t i)
{
    return i ? t->frame[i - 1].words : 0;
}

/* Frame i of a tail, but for `words`. */
static inline struct mt_tail_frame mt_tail_frame_of(const struct mt_tail *tail, uint32_t i)
{
    const struct mt_tail_inner *in = mt_tail_inner_of(tail) + i;
    return (struct mt_tail_frame){
        mt_arch_ra(tail->word[in->first].want), tail->sp + in->up, in->fp, in->node, 0, in->need};
}

/* Frame i of the last stack, without its event's own. */
static inline struct mt_tail_frame mt_tail_frame_at(const struct mt_tails *t, uint32_t i)
{
    return i < t->used ? t->frame[i] : mt_tail_frame_of(t->segment, i - t->used);
}

/* The node of frame i of the last stack, its event's own among them; 0: it has no such frame. */
static inline uint32_t mt_tail_node_at(const struct mt_tails *t, uint32_t i)
{
    if (i < t->used)
        return t->frame[i].node;
    i -= t->used;
    if (i < t->last)
        return mt_tail_inner_of(t->segment)[i].node;
    return i == t->last ? t->leaf : 0;
}

/* The outer `frames` of a tail become frames. There is room: see mt_tails_find. */
static inline void mt_tail_lay(struct mt_tails *t, const struct mt_tail *tail, uint32_t frames)
{
    const struct mt_tail_inner *in = mt_tail_inner_of(tail);
    uint32_t at = mt_tail_first_word(t, t->used - 1), words = tail->words;
    struct mt_tail_frame *f = &t->frame[t->used - 1];

    if (frames < tail->frames)
        words = in[frames].first;
    for (uint32_t i = 0; i < words; i++)
        t->word[at + i] = tail->word[i];
    t->used += frames;
    for (; frames; frames--, in++) {
        f->words = at + in->first;
        f++;
        f->pc = mt_arch_ra(tail->word[in->first].want);
        f->sp = tail->sp + in->up;
        f->fp = in->fp;
        f->node = in->node;
        f->need = in->need;
    }
    f->words = at + words;
}

/* The segment becomes frames. */
void mt_tails_fold(struct mt_tails *t);

/* Only the outer `used` frames, and `last` of the segment, stay. */
static inline void mt_tail_keep(struct mt_tails *t, uint32_t used, uint32_t last)
{
    t->used = used;
    t->last = last;
}

/* The first of these words that is not what it must be, or the end. */
static inline __attribute__((always_inline)) const struct mt_tail_word *
mt_tail_changed(const struct mt_tail_word *w, const struct mt_tail_word *end)
{
    for (; end - w >= 4; w += 4)
        if (((mt_bounds_look(w[0].at) ^ w[0].want) | (mt_bounds_look(w[1].at) ^ w[1].want) |
             (mt_bounds_look(w[2].at) ^ w[2].want) | (mt_bounds_look(w[3].at) ^ w[3].want)) != 0)
            break;
    for (; w < end; w++)
        if (mt_bounds_look(w->at) != w->want)
            break;
    return w;
}

/* ---- Remembered tails ---- */

struct mt_tail_place {
    uint64_t key;
    uint32_t forks;        /* passed on the way to the key */
    struct mt_tail *clash; /* a tail of the same key that is another one */
};

/* A hash of `x` behind what `h` is the hash of. */
static inline uint64_t mt_tail_mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* Where the tails of a key begin, in `newest`. */
static inline uint64_t mt_tail_bucket(uint64_t key)
{
    return key >> 52;
}
_Static_assert(MT_TAIL_BUCKETS == 1u << (64 - 52), "bucket");

/* Where the fork of a key stands, if it is one. */
static inline struct mt_tail_fork *mt_tail_fork_of(struct mt_tails *t, uint64_t key)
{
    return &t->fork[key >> 32 & (MT_TAIL_FORKS - 1)];
}

/* Whether the event's stack is that tail on that frame, which stands: state and words. */
static inline bool mt_tail_is(const struct mt_tail *e, const struct mt_start *from,
                              const struct mt_tail_frame *outer)
{
    if (((e->pc ^ from->pc) | (e->sp ^ from->sp) | (e->outer.sp ^ outer->sp) |
         (e->outer.pc ^ outer->pc) | (e->outer.node ^ outer->node)) != 0)
        return false;
    if (__builtin_expect(e->need, 0) && e->fp != from->fp)
        return false;
    if (__builtin_expect(outer->need, 0) && (e->outer.fp != outer->fp || !e->outer.need))
        return false;
    const struct mt_tail_word *end = e->word + e->words;
    return mt_tail_changed(e->word, end) == end;
}

/* The event's tail among those of place->key. NULL: none is, and place->clash is one of another stack, if there is one. */
static inline __attribute__((always_inline)) struct mt_tail *
mt_tail_look_at(struct mt_tails *t, const struct mt_start *from, const struct mt_tail_frame *outer,
                struct mt_tail_place *place)
{
    uint64_t key = place->key;
    for (uint64_t at = t->newest[mt_tail_bucket(key)]; at >= t->oldest;) {
        struct mt_tail *e = mt_tail_at(t, at);
        if (e->key == key) {
            if (mt_tail_is(e, from, outer))
                return e;
            place->clash = e;
        }
        at = e->older;
    }
    return NULL;
}

/* Among several, where look has not found it. */
struct mt_tail *mt_tails_look_on(struct mt_tails *t, const struct mt_start *from,
                                 const struct mt_tail_frame *outer, struct mt_tail_place *place);

/* The event's tail on that frame, which stands. NULL: it is not known, and *place says where it would be. */
static inline __attribute__((always_inline)) struct mt_tail *
mt_tail_look(struct mt_tails *t, const struct mt_start *from, const struct mt_tail_frame *outer,
             struct mt_tail_place *place)
{
    place->key = mt_tail_mix(from->pc ^ from->sp << 14, (uint64_t)outer->node << 32 | outer->node);
    place->forks = 0;
    place->clash = NULL;
    struct mt_tail *e = mt_tail_look_at(t, from, outer, place);
    return __builtin_expect(e != NULL, 1) ? e : mt_tails_look_on(t, from, outer, place);
}

/* A long tail is looked for behind every eighth frame only, or a stack would have one for each place where it may turn off. */
static inline uint32_t mt_tail_anchor(uint32_t frames)
{
    return frames < 9 ? 1 : (frames - 1) & ~7u;
}

#endif
