/* SPDX-License-Identifier: MIT
 *
 * An interpreter loop, while it runs, has something of the frame chain among its own locals
 * (CPython from 3.10 on). The native frame whose part of the stack holds that address is the loop.
 * Symbols would not tell, since compilers split the loop's function. Where no such address is
 * known, the loop's code has to do.
 */
#include "base/near.h"
#include "foreign/merge.h"

#include "base/meta.h"
#include "foreign/interpreter.h"
#include "format.h"
#include "log/intern.h"
#include "log/log.h"

struct writer {
    mt_key *out;
    size_t used;
};

static void put_native(struct writer *w, const struct mt_frame *frame)
{
    w->out[w->used++] = frame->pc;
}

/* One loop's foreign frames, outermost first. Returns the index of the next loop's. */
static size_t put_loop(struct writer *w, const struct mt_foreign *foreign, size_t i)
{
    do {
        if (foreign->frames[i].index != MT_FOREIGN_HIDDEN)
            w->out[w->used++] = MT_KEY_FOREIGN | foreign->frames[i].index;
        i++;
    } while (i < foreign->used && !foreign->frames[i].bottom);
    return i;
}

/* Up to which native frame the last merge went as this one will: the native frames are the same so
 * far, and so are the foreign ones; the next foreign frame belongs further in. The decisions on the
 * frames so far depend on nothing but that frame and `innermost`. */
static uint32_t place_of(const struct mt_foreign *foreign, const struct mt_stack *native,
                         const mt_key *out)
{
    uintptr_t innermost = native->frames[native->used - 1].sp, marker;
    uint32_t i = native->kept < foreign->places_used ? native->kept : foreign->places_used, next;

    if (out != foreign->merged || foreign->cut)
        return 0;
    for (; i > 0; i--) {
        next = foreign->places[i].next;
        if (next > foreign->same || innermost > native->frames[i - 1].sp)
            continue;
        if (next == foreign->used)
            return i;
        marker = foreign->frames[next].marker;
        if ((next == 0 || foreign->frames[next].bottom) && marker >= innermost &&
            marker < native->frames[i - 1].sp)
            return i;
    }
    return 0;
}

/* Returns whether the next merge may start from this one: everything is in its place, on one stack.
 */
static bool merge_by_address(struct writer *w, struct mt_foreign *foreign,
                             const struct mt_stack *native, uint32_t i, bool note)
{
    const struct mt_frame *frames = native->frames;
    uintptr_t innermost = frames[native->used - 1].sp, low, high, marker;
    size_t next = i > 0 ? foreign->places[i].next : 0, used;
    bool in_order = true;

    w->used = i > 0 ? foreign->places[i].used : w->used;
    /* The outermost native frame has no upper end. */
    high = i > 0                                   ? frames[i - 1].sp
           : mt_interpreter->is_loop(frames[0].pc) ? UINTPTR_MAX
                                                   : frames[0].sp;
    for (; i < native->used && next < foreign->used; i++, high = low) {
        bool replaced = false;

        if (note)
            foreign->places[i] = (struct mt_foreign_place){(uint32_t)next, (uint32_t)w->used};
        low = frames[i].sp;
        in_order &= low <= high;
        while (next < foreign->used) {
            marker = foreign->frames[next].marker;
            if (marker >= low && marker < high)
                replaced = true;
            else if (marker >= innermost && marker < low)
                break; /* further in */
            else
                in_order =
                    false; /* in no native frame that we have: it keeps its place in the order */
            next = put_loop(w, foreign, next);
        }
        if (!replaced && !(foreign->cut && next == 0))
            put_native(w, &frames[i]);
    }
    /* No foreign frame is left. */
    used = w->used;
    for (; i < native->used; i++, high = low) {
        if (note)
            foreign->places[i] = (struct mt_foreign_place){(uint32_t)next, (uint32_t)used};
        low = frames[i].sp;
        in_order &= low <= high;
        w->out[used++] = frames[i].pc;
    }
    w->used = used;
    in_order &= next == foreign->used;
    while (next < foreign->used)
        next = put_loop(w, foreign, next);
    if (note)
        foreign->places[i] = (struct mt_foreign_place){(uint32_t)next, (uint32_t)w->used};
    return in_order;
}

/* Each foreign frame has a native loop of its own: count them. */
static void merge_by_code(struct writer *w, const struct mt_foreign *foreign,
                          const struct mt_stack *native)
{
    bool inner = native->cut || foreign->cut || foreign->others;
    size_t loops = 0, next = 0, spare, skip;
    size_t used = foreign->used - foreign->leaving; /* frames that may have a loop */

    for (size_t i = 0; i < native->used; i++)
        loops += mt_interpreter->is_loop(native->frames[i].pc);
    /* If there are more loops than frames, the innermost has just begun or is about to end; or
     * loops of another interpreter stand outside. */
    skip = inner && loops > used ? loops - used : 0;
    spare = used > loops ? used - loops : 0;
    if (!loops)
        while (next < foreign->used)
            next = put_loop(w, foreign, next);
    for (size_t i = 0; i < native->used; i++) {
        if (next == foreign->used || !mt_interpreter->is_loop(native->frames[i].pc) || skip > 0) {
            skip -= skip > 0 && mt_interpreter->is_loop(native->frames[i].pc);
            put_native(w, &native->frames[i]);
            continue;
        }
        for (next = put_loop(w, foreign, next); spare > 0; spare--)
            next = put_loop(w, foreign, next);
    }
}

size_t mt_foreign_trim(struct mt_foreign *foreign, const mt_key *keys, size_t count)
{
    size_t n = count - mt_interpreter->own_frames(foreign, keys, count);

    return n > 0 && keys[n - 1] & MT_KEY_FOREIGN ? n : count;
}

static size_t missed(void)
{
    __atomic_fetch_add(&mt_log.header->python_missed, 1, __ATOMIC_RELAXED);
    return 0;
}

static bool places_reserve(struct mt_foreign *foreign, size_t count)
{
    size_t cap = foreign->places_cap ? foreign->places_cap : 64;
    struct mt_foreign_place *grown;

    if (count <= foreign->places_cap)
        return true;
    while (cap < count)
        cap *= 2;
    grown = mt_meta_alloc(cap * sizeof *grown);
    if (!grown)
        return false;
    mt_meta_free(foreign->places);
    foreign->places = grown;
    foreign->places_cap = cap;
    foreign->places_used = 0;
    return true;
}

static bool prints_reserve(struct mt_foreign *foreign)
{
    size_t cap = foreign->prints_cap ? foreign->prints_cap : 64;
    uint64_t *grown;

    if (foreign->used <= foreign->prints_cap)
        return true;
    while (cap < foreign->used)
        cap *= 2;
    grown = mt_meta_grow(foreign->prints, foreign->prints_cap * sizeof *grown, cap * sizeof *grown);
    if (!grown)
        return false;
    foreign->prints = grown;
    foreign->prints_cap = cap;
    return true;
}

/* Merge by address, from where the last merge went another way. Returns how many keys that had put
 * there. */
static uint32_t merge_on(struct writer *w, struct mt_foreign *foreign,
                         const struct mt_stack *native)
{
    bool note = !foreign->cut && places_reserve(foreign, (size_t)native->used + 1);
    uint32_t from = note ? place_of(foreign, native, w->out) : 0;
    uint32_t same = from > 0 ? foreign->places[from].used : 0;
    bool in_order = merge_by_address(w, foreign, native, from, note);

    foreign->places_used = note && in_order ? native->used : 0;
    foreign->merged = w->out;
    return same;
}

MT_HOT bool mt_foreign_read(struct mt_foreign **stack, bool object, uint64_t *print)
{
    enum mt_foreign_reading reading = mt_interpreter->read(stack, object);
    struct mt_foreign *foreign = *stack;

    if (reading == MT_FOREIGN_UNCHANGED && foreign->printed == foreign->used) {
        *print = foreign->prints[foreign->used - 1];
        return true;
    }
    if (reading == MT_FOREIGN_NONE || !foreign->readable || foreign->cut || foreign->by_code ||
        !prints_reserve(foreign))
        return false;
    for (size_t i = foreign->printed; i < foreign->used; i++) {
        const struct mt_foreign_frame *f = &foreign->frames[i];
        uint64_t h = (i ? foreign->prints[i - 1] : 0) ^ f->marker;
        h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u + ((uint64_t)f->index << 1 | f->bottom);
        foreign->prints[i] = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    }
    foreign->printed = foreign->used;
    *print = foreign->used ? foreign->prints[foreign->used - 1] : 0;
    return true;
}

bool mt_foreign_refused(const struct mt_foreign *stack)
{
    return stack && !stack->readable &&
           __atomic_load_n(&mt_log.header->flags, __ATOMIC_RELAXED) & MT_FLAG_FULL;
}

size_t mt_foreign_merge(struct mt_foreign *foreign, const struct mt_stack *native, mt_key *out,
                        size_t cap, uint32_t *same)
{
    struct writer w = {out, 0};
    uint32_t cut, places;

    *same = 0;
    if (!foreign)
        return missed();
    foreign->merged_last = true;
    places = foreign->places_used;
    foreign->places_used = 0; /* until it has been merged again */
    if (!foreign->readable)
        return missed();
    if (!foreign->used)
        return 0;
    if (cap < foreign->used + native->used + 1)
        return missed();
    if (foreign->cut && !native->cut) {
        cut = mt_log_frame(MT_FRAME_CUT, 0, 1);
        if (!cut)
            return missed();
        out[w.used++] = MT_KEY_FOREIGN | cut;
        __atomic_fetch_add(&mt_log.header->cut_stacks, 1, __ATOMIC_RELAXED);
    }
    foreign->places_used = places;
    if (foreign->by_code)
        merge_by_code(&w, foreign, native);
    else
        *same = merge_on(&w, foreign, native);
    return w.used;
}

void mt_foreign_free(struct mt_foreign *foreign)
{
    mt_meta_free(foreign->frames);
    mt_meta_free(foreign->prints);
    mt_meta_free(foreign->places);
    *foreign = (struct mt_foreign){.frames = NULL};
}
