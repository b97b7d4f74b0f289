/* SPDX-License-Identifier: MIT */
#include "base/near.h"
#include "unwind/whole.h"

#include <string.h>

#include "base/meta.h"
#include "base/ring.h"

/* At least 13 of 16 events in a window must be found, or the cache rests: for REST events at first,
 * longer each time. What is found costs a look at memory that the walk's memo does not need, since
 * that is always the same. cc1plus, two thirds of whose stacks come again, gets slower by it. */
#define WINDOW   4096u
#define REST     1024u
#define REST_MAX (1u << 20)

struct mt_wholes *mt_wholes_new(void)
{
    struct mt_wholes *wholes = mt_meta_map(sizeof *wholes);
    if (wholes) {
        wholes->next = wholes->oldest = MT_WHOLE_RING_BYTES;
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

static uint64_t *bucket_of(struct mt_wholes *wholes, const struct mt_whole_shape *shape)
{
    uint64_t h = shape->pc ^ shape->sp << 12;
    for (size_t i = 0; i < shape->count; i++)
        h += mt_bounds_word(shape->sp + shape->offset[i]) * (0x9e3779b97f4a7c15u + 2 * i);
    return &wholes->newest[h * 0x9e3779b97f4a7c15u >> 53];
}
_Static_assert(MT_WHOLE_BUCKETS == 1u << (64 - 53), "bucket_of");

__attribute__((cold)) bool mt_whole_window_ends(struct mt_wholes *wholes)
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

MT_HOT struct mt_whole *mt_whole_search(struct mt_wholes *wholes, const struct mt_start *from)
{
    struct mt_whole_shape *shape = mt_whole_shapes(wholes, from);
    for (struct mt_whole_shape *end = shape + MT_WHOLE_WAYS; shape < end; shape++) {
        if (shape->pc != from->pc || shape->sp != from->sp)
            continue;
        for (uint64_t at = *bucket_of(wholes, shape), older; at >= wholes->oldest; at = older) {
            struct mt_whole *whole = mt_whole_at(wholes, at);
            if (mt_whole_is(whole, from)) {
                shape->last = at;
                return whole;
            }
            older = whole->older;
        }
    }
    wholes->missed++;
    return NULL;
}

static size_t bytes_of(uint32_t words, uint32_t frames)
{
    return sizeof(struct mt_whole) + words * sizeof(mt_arch_word) +
           (frames + 1) / 2 * 2 * sizeof(uint32_t);
}

/* Room for an entry; what stood there is gone. */
static struct mt_whole *make_room(struct mt_wholes *wholes, size_t bytes)
{
    uint64_t at = mt_ring_place(&wholes->next, &wholes->oldest, MT_WHOLE_RING_BYTES, bytes);
    struct mt_whole *whole = mt_whole_at(wholes, at);
    whole->at = at;
    return whole;
}

struct mt_whole_picked *mt_whole_words(struct mt_wholes *wholes, const struct mt_start *from)
{
    wholes->words.sp = from->sp;
    wholes->words.count = 0;
    return &wholes->words;
}

bool mt_whole_put(struct mt_whole_picked *words, uintptr_t at)
{
    if (words->count == MT_WHOLE_WORDS || !mt_arch_word_fits(mt_bounds_word(at), at, words->sp))
        return false;
    words->at[words->count++] = at;
    return true;
}

/* The shape of a stack. A new one takes another's way. */
static struct mt_whole_shape *shape_of(struct mt_wholes *wholes, const struct mt_start *from,
                                       const struct mt_whole_picked *words, uint32_t frames)
{
    struct mt_whole_shape new = {from->pc, from->sp, 0, 2, {0}},
                          *set = mt_whole_shapes(wholes, from);
    new.offset[0] = (uint32_t)(words->at[0] - from->sp);
    new.offset[1] = (uint32_t)(words->at[frames > 2] - from->sp);
    for (uint32_t way = 0; way < MT_WHOLE_WAYS; way++)
        if (set[way].pc == new.pc && set[way].sp == new.sp &&set[way].offset[0] == new.offset[0] &&
            set[way].offset[1] == new.offset[1])
            return &set[way];
    for (uint32_t way = MT_WHOLE_WAYS - 1; way; way--)
        set[way] = set[way - 1];
    set[0] = new;
    return set;
}

/* The new entry would share its bucket with one of the same pc and sp: from now on a word in which
 * they differ takes part. What stands in other buckets is no longer found, and is added again when
 * it is met. */
static void tell_apart(struct mt_wholes *wholes, struct mt_whole_shape *shape,
                       const struct mt_whole_picked *words)
{
    uint64_t at = *bucket_of(wholes, shape);
    if (at < wholes->oldest || shape->count == MT_WHOLE_PICKED)
        return;
    const struct mt_whole *other = mt_whole_at(wholes, at);
    if (other->pc != shape->pc || other->sp != shape->sp)
        return;
    for (uint32_t i = 0; i < other->words && i < words->count; i++) {
        const mt_arch_word *word = &other->word[i];
        uintptr_t stands = mt_arch_word_at(word, other->sp);
        if (stands != words->at[i])
            return;
        if (mt_bounds_word(stands) != mt_arch_word_want(word)) {
            shape->offset[shape->count++] = (uint32_t)(stands - shape->sp);
            return;
        }
    }
}

MT_HOT struct mt_whole *mt_whole_add(struct mt_wholes *wholes, const struct mt_start *from,
                                     uint32_t frames, bool need_fp)
{
    struct mt_whole_picked *words = &wholes->words;
    if (wholes->rests)
        return NULL;
    struct mt_whole_shape *shape = shape_of(wholes, from, words, frames);
    tell_apart(wholes, shape, words);
    uint64_t *bucket = bucket_of(wholes, shape);
    uint32_t count =
        (words->count + MT_ARCH_WORDS_STEP - 1) / MT_ARCH_WORDS_STEP * MT_ARCH_WORDS_STEP;
    struct mt_whole *whole = make_room(wholes, bytes_of(count, frames));
    whole->older = *bucket;
    *bucket = whole->at;
    whole->known = (struct mt_known){0, 0, 0};
    whole->pc = from->pc;
    whole->sp = from->sp;
    whole->fp = from->fp;
    whole->need_fp = need_fp;
    whole->named = false;
    whole->before = 0;
    whole->frames = (uint16_t)frames;
    whole->words = (uint16_t)count;
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t at = words->at[i < words->count ? i : words->count - 1];
        whole->word[i] = mt_arch_word_of(mt_bounds_word(at), at, from->sp);
    }
    return whole;
}
