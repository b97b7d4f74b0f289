/* SPDX-License-Identifier: MIT */
#include "unwind/tail.h"

#include <string.h>

#include "base/aside.h"
#include "base/meta.h"
#include "base/near.h"
#include "base/ring.h"
#include "unwind/rule.h"
#include "unwind/rule_layout.h"

#define WORD sizeof(uintptr_t)

struct mt_tails *mt_tails_new(struct mt_bounds *bounds)
{
    struct mt_tails *t = mt_meta_map(sizeof *t);
    if (!t)
        return NULL;
    t->bounds = bounds;
    t->next = t->oldest = MT_TAIL_RING_BYTES;
    return t;
}

void mt_tails_free(struct mt_tails *t)
{
    if (t)
        mt_meta_unmap(t, sizeof *t);
}

void mt_tails_forget(struct mt_tails *t)
{
    if (!t)
        return;
    t->used = t->last = t->leaf = 0;
    t->oldest = t->next;
}

uintptr_t mt_tails_pc(const struct mt_tails *t, uint32_t i)
{
    return mt_tail_frame_at(t, i).pc;
}

struct mt_tail_frame *mt_tails_frames(struct mt_tails *t, uint32_t *used)
{
    *used = t->used;
    return t->frame;
}

/* The segment becomes frames. */
void mt_tails_fold(struct mt_tails *t)
{
    uint32_t frames = t->last;
    t->last = 0;
    mt_tail_lay(t, t->segment, frames);
}

uint32_t mt_tails_leaf(const struct mt_tails *t)
{
    return t->leaf;
}

/* ---- Remembered tails ---- */

/* Among several: a fork's word is on the thread's own stack, as it was when the fork was made. */
struct mt_tail *mt_tails_look_on(struct mt_tails *t, const struct mt_start *from,
                                 const struct mt_tail_frame *outer, struct mt_tail_place *place)
{
    struct mt_tail *e = NULL;
    while (!e && place->forks < MT_TAIL_FORKS_DEEP) {
        const struct mt_tail_fork *fork = mt_tail_fork_of(t, place->key);
        if (fork->key != place->key || fork->pc != from->pc || fork->sp != from->sp)
            break;
        place->key = mt_tail_mix(place->key, mt_bounds_word(from->sp + fork->up));
        place->forks++;
        place->clash = NULL;
        e = mt_tail_look_at(t, from, outer, place);
    }
    return e;
}

/* ---- What is not remembered ---- */

/* Only the standing frames stay, all of them as frames. What the last stack had behind them is noted. */
static void settle_standing(struct mt_tails *t)
{
    t->turned_at = t->standing.used + t->standing.last;
    t->turned = mt_tail_node_at(t, t->turned_at);
    mt_tail_keep(t, t->standing.used, t->standing.last);
    if (t->last)
        mt_tails_fold(t);
    t->standing = (struct mt_tail_standing){t->used, 0};
}

/* Whether the position is that of one of the outer *frames frames; the frames further in are passed. */
static inline bool joins(const struct mt_tails *t, uint32_t *frames, const struct mt_step *now)
{
    while (*frames && t->frame[*frames - 1].sp < now->frame.sp)
        --*frames;
    if (!*frames)
        return false;
    const struct mt_tail_frame *f = &t->frame[*frames - 1];
    return f->sp == now->frame.sp && f->pc == now->frame.pc && (!f->need || f->fp == now->fp);
}

/* One step by a usual rule. */
static inline bool step(const struct mt_bounds *bounds, const struct mt_step *now,
                        struct mt_step *next)
{
    mt_rule rule = now->rule;
    unsigned kind = MT_RULE_KIND(rule), ra = MT_ARCH_RULE_RA(rule), saved = MT_ARCH_RULE_FP(rule);
    uintptr_t sp = now->frame.sp;
    if (kind != MT_RULE_SP && kind != MT_RULE_FP)
        return false;
    uintptr_t cfa = (kind == MT_RULE_SP ? sp : now->fp) + MT_ARCH_RULE_N(rule) * WORD;
    if (cfa <= sp || cfa % WORD || cfa > bounds->top || cfa - saved * WORD < sp ||
        cfa - ra * WORD < sp)
        return false;
    next->frame.sp = cfa;
    next->frame.pc = mt_arch_ra(mt_bounds_word(cfa - ra * WORD));
    next->fp = saved ? mt_bounds_word(cfa - saved * WORD) : now->fp;
    return mt_bounds_code(next->frame.pc);
}

static inline void put(struct mt_tails *t, uint32_t *end, uintptr_t at)
{
    t->word[(*end)++] = (struct mt_tail_word){mt_bounds_word(at), at};
}

/* Frames behind the outer `frames` ones: `count` steps, innermost first, of which the first is the event's own. */
static void push(struct mt_tails *t, uint32_t frames, uint32_t count)
{
    uint32_t end = mt_tail_first_word(t, frames - 1);
    t->used = frames;
    while (count) {
        const struct mt_step *s = &t->step[--count];
        struct mt_tail_frame *outer = &t->frame[t->used - 1];
        unsigned saved = MT_ARCH_RULE_FP(s->rule);
        bool need = MT_RULE_KIND(s->rule) == MT_RULE_FP || (!saved && outer->need);

        put(t, &end, outer->sp - MT_ARCH_RULE_RA(s->rule) * WORD);
        if (outer->need && saved)
            put(t, &end, outer->sp - saved * WORD);
        outer->words = end;
        if (!count)
            t->need = need;
        else
            t->frame[t->used++] =
                (struct mt_tail_frame){s->frame.pc, s->frame.sp, s->fp, 0, end, need};
    }
}

enum stepped { JOINED, FAILED, UNKNOWN };

/* Step outward to one of the outer *frames frames; *count steps were made. `learn`: rules that are not known yet; else that is where
 * it ends. */
static inline __attribute__((always_inline)) enum stepped
step_on(struct mt_tails *t, uint32_t *count, uint32_t *frames, bool learn)
{
    while (!joins(t, frames, &t->step[*count])) {
        struct mt_step *now = &t->step[*count];
        if (__builtin_expect(!mt_rule_at_hand(now->frame.pc, &now->rule), 0)) {
            if (!learn)
                return UNKNOWN;
            now->rule = mt_rule_learn(now->frame.pc);
        }
        if (!*frames || ++*count == MT_TAIL_STEPS_MAX || !step(t->bounds, now, now + 1))
            return FAILED;
    }
    return JOINED;
}

struct stepping {
    struct mt_tails *tails;
    uint32_t count, frames;
    enum stepped stepped;
};

static void step_aside(void *stepping)
{
    struct stepping *s = stepping;
    s->stepped = step_on(s->tails, &s->count, &s->frames, true);
}

static __attribute__((noinline, cold)) enum stepped learn_on(struct mt_tails *t, uint32_t *count,
                                                             uint32_t *frames)
{
    struct stepping s = {t, *count, *frames, UNKNOWN};
    mt_aside(step_aside, &s);
    *count = s.count;
    *frames = s.frames;
    return s.stepped;
}

MT_HOT bool mt_tails_step(struct mt_tails *t, const struct mt_start *from, uint32_t *first)
{
    uint32_t count = 0, frames;

    if (!t->standing.used)
        return false;
    settle_standing(t);
    frames = t->used;
    t->step[0] = (struct mt_step){{from->pc, from->sp}, from->fp, 0};
    enum stepped stepped = step_on(t, &count, &frames, false);
    if (__builtin_expect(stepped == UNKNOWN, 0))
        stepped = learn_on(t, &count, &frames);
    if (stepped != JOINED || !count || frames + count > MT_TAIL_FRAMES_MAX) {
        t->leaf = 0;
        return false;
    }
    push(t, frames, count);
    *first = frames;
    return true;
}

/* Frame i's words, by the step that the next inner one made. */
static void take_words(struct mt_tails *t, const struct mt_stack *stack, const struct mt_walk *walk,
                       uint32_t i)
{
    const struct mt_link *inner = &walk->links[i + 1];
    uintptr_t sp = stack->frames[i].sp;
    uint32_t end = mt_tail_first_word(t, i);

    put(t, &end, sp - mt_walk_saved_ra(inner->rule) * WORD);
    if (MT_RULE_KIND(inner->rule) == MT_RULE_REALIGNED) {
        put(t, &end, inner->fp - MT_ARCH_RULE_N(inner->rule) * WORD);
        if (walk->links[i].need)
            put(t, &end, inner->fp);
    } else if (inner->check) {
        put(t, &end, sp - inner->check * WORD);
    }
    t->frame[i].words = end;
}

bool mt_tails_take(struct mt_tails *t, const struct mt_stack *stack, const struct mt_walk *walk,
                   uint32_t *first)
{
    uint32_t used = stack->used - 1, same = 0;

    if (!walk->memo || !stack->by_rules || stack->cut || used < 1 || used > MT_TAIL_FRAMES_MAX)
        return false;
    if (t->standing.used)
        settle_standing(t);
    else
        t->used = t->last = 0;
    t->leaf = 0;
    for (; same < used && same < t->used; same++) {
        const struct mt_tail_frame *f = &t->frame[same];
        const struct mt_link *link = &walk->links[same];
        if (f->pc != stack->frames[same].pc || f->sp != stack->frames[same].sp ||
            f->need != link->need || (f->need && f->fp != link->fp))
            break;
    }
    for (uint32_t i = same; i < used; i++)
        t->frame[i] = (struct mt_tail_frame){
            stack->frames[i].pc, stack->frames[i].sp, walk->links[i].fp, 0, 0, walk->links[i].need};
    for (uint32_t i = same ? same - 1 : 0; i < used; i++)
        take_words(t, stack, walk, i);
    t->used = used;
    t->need = walk->links[used].need;
    *first = same;
    return true;
}

/* Room in the ring; what stood there is gone. The segment would, too: there is none. */
static struct mt_tail *make_room(struct mt_tails *t, size_t bytes, uint64_t key)
{
    uint64_t at =
        mt_ring_place(&t->next, &t->oldest, MT_TAIL_RING_BYTES, (bytes + 15) & ~(size_t)15);
    struct mt_tail *e = mt_tail_at(t, at);
    e->key = key;
    e->older = t->newest[mt_tail_bucket(key)];
    t->newest[mt_tail_bucket(key)] = at;
    return e;
}

/* The tail gets another key. */
static void move_tail(struct mt_tails *t, struct mt_tail *e, uint64_t key)
{
    uint64_t *link = &t->newest[mt_tail_bucket(e->key)];
    while (*link >= t->oldest && mt_tail_at(t, *link) != e)
        link = &mt_tail_at(t, *link)->older;
    if (*link < t->oldest)
        return;
    uint64_t at = *link;
    *link = e->older;
    e->key = key;
    e->older = t->newest[mt_tail_bucket(key)];
    t->newest[mt_tail_bucket(key)] = at;
}

/* A tail of the same pc, sp and outer frame stands at the place: from now on a word in which they differ says where to look. */
static void tell_apart(struct mt_tails *t, const struct mt_start *from, struct mt_tail_place *place)
{
    struct mt_tail *clash = place->clash;
    if (clash->pc != from->pc || clash->sp != from->sp || place->forks == MT_TAIL_FORKS_DEEP)
        return;
    const struct mt_tail_word *w = mt_tail_changed(clash->word, clash->word + clash->words);
    if (w == clash->word + clash->words)
        return;
    *mt_tail_fork_of(t, place->key) =
        (struct mt_tail_fork){place->key, from->pc, from->sp, w->at - from->sp};
    move_tail(t, clash, mt_tail_mix(place->key, w->want));
    place->key = mt_tail_mix(place->key, mt_bounds_word(w->at));
    place->forks++;
}

/* The frames behind the outer `on` ones as a tail. */
static struct mt_tail *make_tail(struct mt_tails *t, const struct mt_start *from, uint32_t on,
                                 uint64_t key, uint32_t leaf)
{
    uint32_t frames = t->used - on, from_word = mt_tail_first_word(t, on - 1);
    uint32_t words = t->frame[t->used - 1].words - from_word;
    struct mt_tail *e = make_room(
        t, sizeof *e + words * sizeof *e->word + frames * sizeof(struct mt_tail_inner), key);
    e->pc = from->pc;
    e->sp = from->sp;
    e->fp = from->fp;
    e->outer = t->frame[on - 1];
    e->known = (struct mt_known){0, leaf, 0};
    e->frames = frames;
    e->words = words;
    e->need = t->need;
    memcpy(e->word, t->word + from_word, words * sizeof *e->word);
    for (uint32_t i = 0; i < frames; i++) {
        const struct mt_tail_frame *f = &t->frame[on + i];
        mt_tail_inner_of(e)[i] = (struct mt_tail_inner){
            f->fp, f->node, (uint32_t)(f->sp - from->sp), f[-1].words - from_word, f->need};
    }
    return e;
}

void mt_tails_add(struct mt_tails *t, const struct mt_start *from, uint32_t first, uint32_t leaf,
                  struct mt_found *found)
{
    uint32_t on = first ? first : 1, site = first < t->used ? t->frame[first].node : leaf;
    struct mt_tail *e = NULL;
    struct mt_tail_place place;

    if (t->used - on > MT_TAIL_LONG)
        on = mt_tail_anchor(on);
    if (t->used - on <= MT_TAIL_STEPS_MAX && t->frame[t->used - 1].sp - from->sp <= UINT32_MAX &&
        t->frame[on - 1].sp - from->sp <= UINT32_MAX) {
        e = mt_tail_look(t, from, &t->frame[on - 1], &place);
        if (!e) {
            if (place.clash)
                tell_apart(t, from, &place);
            e = make_tail(t, from, on, place.key, leaf);
        }
    }
    t->tip = NULL;
    t->only = (struct mt_known){0, leaf, 0};
    bool shared = t->leaf && t->leaf == found->leaf && first == t->turned_at && site != t->turned;
    *found = (struct mt_found){.known = e ? &e->known : &t->only,
                               .leaf = leaf,
                               .frames = t->used + 1,
                               .same = shared ? first + 1 : MT_SAME_UNKNOWN,
                               .site = site,
                               .turned = t->turned};
    t->leaf = leaf;
}
