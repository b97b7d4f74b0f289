/* SPDX-License-Identifier: MIT */
#include "unwind/tail_find.h"

#include "base/near.h"
#include "unwind/tail.h"
#include "unwind/whole.h"

#define WORD sizeof(uintptr_t)

/* ---- Which of them stand. How many do depends on words that the program may never have written; it is always told by a branch, for
 * memcheck, which takes what is computed of such a word for unwritten itself ---- */

/* The compiler keeps the branch that it stands in. */
#define APART(value) __asm__ volatile("" : "+r"(value))

/* The last one of the frames that stand, without a segment, and whose words do, but for the further ones of the last of them: the first
 * one says that it is at the same call. 0: none. */
static inline uint32_t standing_frames(const struct mt_tails *t, uint32_t used, uintptr_t sp)
{
    while (used && t->frame[used - 1].sp <= sp)
        used--;
    if (!used)
        return 0;
    const struct mt_tail_word *w =
        mt_tail_changed(t->word, t->word + mt_tail_first_word(t, used - 1) + 1);
    while (used && t->word + mt_tail_first_word(t, used - 1) >= w)
        used--;
    return used;
}

/* The same with a segment. The further words of the frame that it stands on are its own. */
static __attribute__((noinline)) struct mt_tail_standing standing_segment(const struct mt_tails *t,
                                                                          uintptr_t sp)
{
    const struct mt_tail *tail = t->segment;
    const struct mt_tail_inner *in = mt_tail_inner_of(tail);
    uint32_t end = mt_tail_first_word(t, t->used - 1), last = t->last;
    if (t->frame[t->used - 1].sp <= sp || mt_tail_changed(t->word, t->word + end) != t->word + end)
        return (struct mt_tail_standing){standing_frames(t, t->used, sp), 0};
    const struct mt_tail_word *w = mt_tail_changed(tail->word, tail->word + in[last - 1].first + 1);
    while (last && (tail->word + in[last - 1].first >= w || tail->sp + in[last - 1].up <= sp))
        last--;
    struct mt_tail_standing s = {t->used, last};
    if (!last && w == tail->word) {
        s.used--;
        APART(s.used);
    }
    return s;
}

/* The event's stack is that tail on the outer `frames` of the last one: become it. */
static inline __attribute__((always_inline)) void become(struct mt_tails *t, struct mt_tail *e,
                                                         uint32_t frames, struct mt_found *found)
{
    uint32_t leaf = e->known.leaf, all = frames + e->frames, same = frames, site, turned;

    if (leaf == t->leaf) {
        same = all + 1;
        site = turned = 0;
    } else {
        const struct mt_tail_inner *in = mt_tail_inner_of(e);
        for (;; same++) {
            site = same < all ? in[same - frames].node : same == all ? leaf : 0;
            turned = mt_tail_node_at(t, same);
            if (__builtin_expect(site != turned || !site, 1))
                break;
        }
    }
    found->same =
        __builtin_expect(t->leaf && t->leaf == found->leaf, 1) ? same + 1 : MT_SAME_UNKNOWN;
    found->site = site;
    found->turned = turned;
    t->tip = e;
    t->need = e->need;
    found->known = &e->known;
    found->frames = all + 1;
    found->leaf = t->leaf = leaf;
}

/* The event was not found behind all frames that stand: perhaps it is a long tail. */
static __attribute__((noinline)) bool find_long(struct mt_tails *t, const struct mt_start *from,
                                                struct mt_tail_standing s, struct mt_found *found)
{
    struct mt_tail_place place;
    uint32_t frames = s.used + s.last, on = mt_tail_anchor(frames);
    if (on == frames)
        return false;
    struct mt_tail_frame outer = mt_tail_frame_at(t, on - 1);
    struct mt_tail *e = mt_tail_look(t, from, &outer, &place);
    if (!e || on + e->frames > MT_TAIL_FRAMES_MAX)
        return false;
    become(t, e, on, found);
    if (on <= s.used) {
        mt_tail_keep(t, on, 0);
    } else {
        mt_tail_keep(t, s.used, on - s.used);
        mt_tails_fold(t);
    }
    t->segment = e;
    t->last = e->frames;
    return true;
}

MT_HOT bool mt_tails_find(struct mt_tails *t, const struct mt_start *from, struct mt_found *found)
{
    struct mt_tail_frame inner;
    const struct mt_tail_frame *outer;
    struct mt_tail_place place;
    struct mt_tail_standing s = {0, 0};

    uint32_t now = __atomic_load_n(&mt_unwind_generation, __ATOMIC_ACQUIRE);
    if (__builtin_expect(t->generation != now, 0)) {
        t->generation = now;
        mt_tails_forget(t);
    }
    if (__builtin_expect(mt_bounds_own(t->bounds, from->sp - WORD), 1)) {
        if (__builtin_expect(t->last, 0))
            s = standing_segment(t, from->sp);
        else
            s.used = standing_frames(t, t->used, from->sp);
    }
    if (__builtin_expect(!s.used, 0)) {
        t->standing = s;
        return false;
    }
    outer = &t->frame[s.used - 1];
    if (s.last) {
        inner = mt_tail_frame_of(t->segment, s.last - 1);
        outer = &inner;
    }
    struct mt_tail *e = mt_tail_look(t, from, outer, &place);
    if (__builtin_expect(!e || s.used + s.last + e->frames > MT_TAIL_FRAMES_MAX, 0)) {
        t->standing = s;
        return find_long(t, from, s, found);
    }
    become(t, e, s.used + s.last, found);
    mt_tail_keep(t, s.used, s.last);
    if (e->frames) {
        if (__builtin_expect(s.last, 0))
            mt_tails_fold(t);
        if (e->frames <= MT_TAIL_SHORT) {
            mt_tail_lay(t, e, e->frames);
        } else {
            t->segment = e;
            t->last = e->frames;
        }
    }
    return true;
}

bool mt_tails_words(struct mt_tails *t, struct mt_whole_picked *words, bool *need)
{
    if (t->last)
        mt_tails_fold(t);
    if (t->tip && !t->tip->frames) /* the last frame's words are its */
        mt_tail_lay(t, t->tip, 0);
    *need = t->need;
    if (!t->used || t->frame[t->used - 1].words > MT_WHOLE_WORDS)
        return false;
    for (uint32_t i = t->used; i-- > 0;)
        if (!mt_whole_put(words, t->word[mt_tail_first_word(t, i)].at))
            return false;
    for (uint32_t i = t->used; i-- > 0;)
        for (uint32_t w = mt_tail_first_word(t, i) + 1; w < t->frame[i].words; w++)
            if (!mt_whole_put(words, t->word[w].at))
                return false;
    return true;
}

void mt_tails_skip(struct mt_tails *t)
{
    t->standing = (struct mt_tail_standing){0, 0};
}
