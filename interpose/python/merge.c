/* SPDX-License-Identifier: MIT
 *
 * Python frames in their places among the native ones.
 *
 * From 3.10 on every run of the native interpreter loop has something of the frame chain among its
 * own locals (layout.h, enum mt_python_style): the native frame whose part of the stack
 * holds that address is the loop. Symbols don't tell, since compilers split the loop's function.
 * Before that, the loop's symbol has to do.
 */
#include "python/merge.h"

#include <string.h>

#include "base/guard.h"
#include "base/meta.h"
#include "format.h"
#include "loader/object.h"
#include "log/intern.h"
#include "log/log.h"
#include "python/interpreter.h"
#include "python/thread.h"

struct writer {
    mt_key *out;
    size_t used;
};

static void put_native(struct writer *w, const struct mt_frame *frame)
{
    w->out[w->used++] = frame->pc;
}

/* One loop's Python frames, outermost first. Returns the index of the next loop's. */
static size_t put_loop(struct writer *w, const struct mt_python_thread *th, size_t i)
{
    do {
        if (th->frames[i].index != MT_PYTHON_HIDDEN)
            w->out[w->used++] = MT_KEY_PYTHON | th->frames[i].index;
        i++;
    } while (i < th->used && !th->frames[i].bottom);
    return i;
}

/* By its symbol: never wrong when true, but not always known. */
static bool is_loop(uintptr_t pc)
{
    return (pc - 1 >= mt_python.loop_begin[0] && pc - 1 < mt_python.loop_end[0]) ||
           (pc - 1 >= mt_python.loop_begin[1] && pc - 1 < mt_python.loop_end[1]);
}

/* Up to which native frame the last merge went just as this one will: the same native frames so far, and the same Python
 * frames, of which the next one belongs further in. That one and `innermost` are all that the decisions on the frames so far
 * depend on besides. */
static uint32_t place_of(const struct mt_python_thread *th, const struct mt_stack *native,
                         const mt_key *out)
{
    uintptr_t innermost = native->frames[native->used - 1].sp, marker;
    uint32_t i = native->kept < th->places_used ? native->kept : th->places_used, next;

    if (out != th->merged || th->cut)
        return 0;
    for (; i > 0; i--) {
        next = th->places[i].next;
        if (next > th->same || innermost > native->frames[i - 1].sp)
            continue;
        if (next == th->used)
            return i;
        marker = th->frames[next].marker;
        if ((next == 0 || th->frames[next].bottom) && marker >= innermost &&
            marker < native->frames[i - 1].sp)
            return i;
    }
    return 0;
}

/* Returns whether the next merge may go on from this one: all is in its place, on one stack. */
static bool merge_by_address(struct writer *w, struct mt_python_thread *th,
                             const struct mt_stack *native, uint32_t i, bool note)
{
    const struct mt_frame *frames = native->frames;
    uintptr_t innermost = frames[native->used - 1].sp, low, high, marker;
    size_t next = i > 0 ? th->places[i].next : 0, used;
    bool in_order = true;

    w->used = i > 0 ? th->places[i].used : w->used;
    /* The outermost native frame has no upper end. */
    high = i > 0 ? frames[i - 1].sp : is_loop(frames[0].pc) ? UINTPTR_MAX : frames[0].sp;
    for (; i < native->used && next < th->used; i++, high = low) {
        bool replaced = false;

        if (note)
            th->places[i] = (struct mt_python_place){(uint32_t)next, (uint32_t)w->used};
        low = frames[i].sp;
        in_order &= low <= high;
        while (next < th->used) {
            marker = th->frames[next].marker;
            if (marker >= low && marker < high)
                replaced = true;
            else if (marker >= innermost && marker < low)
                break; /* further in */
            else
                in_order =
                    false; /* in no native frame that we have: keeps its place in the order */
            next = put_loop(w, th, next);
        }
        if (!replaced && !(th->cut && next == 0))
            put_native(w, &frames[i]);
    }
    /* No Python frame is left. */
    used = w->used;
    for (; i < native->used; i++, high = low) {
        if (note)
            th->places[i] = (struct mt_python_place){(uint32_t)next, (uint32_t)used};
        low = frames[i].sp;
        in_order &= low <= high;
        w->out[used++] = frames[i].pc;
    }
    w->used = used;
    in_order &= next == th->used;
    while (next < th->used)
        next = put_loop(w, th, next);
    if (note)
        th->places[i] = (struct mt_python_place){(uint32_t)next, (uint32_t)w->used};
    return in_order;
}

/* Each Python frame has a native loop of its own; count them. */
static void merge_by_symbol(struct writer *w, const struct mt_python_thread *th,
                            const struct mt_stack *native)
{
    bool inner = native->cut || th->cut || mt_python_several();
    size_t loops = 0, next = 0, spare, skip;

    for (size_t i = 0; i < native->used; i++)
        loops += is_loop(native->frames[i].pc);
    /* More loops than frames: the innermost has just begun or is about to end, unless loops of
     * another interpreter stand outside. */
    skip = inner && loops > th->used ? loops - th->used : 0;
    spare = th->used > loops ? th->used - loops : 0;
    if (!loops)
        while (next < th->used)
            next = put_loop(w, th, next);
    for (size_t i = 0; i < native->used; i++) {
        if (next == th->used || !is_loop(native->frames[i].pc) || skip > 0) {
            skip -= skip > 0 && is_loop(native->frames[i].pc);
            put_native(w, &native->frames[i]);
            continue;
        }
        for (next = put_loop(w, th, next); spare > 0; spare--)
            next = put_loop(w, th, next);
    }
}

/* Its own object, or one of its standard library's. */
static bool is_interpreters(uintptr_t pc)
{
    struct mt_object object;

    if (pc - mt_python.text_begin < mt_python.text_end - mt_python.text_begin)
        return true;
    return pc >> 62 == 0 && mt_object_at(pc - 1, &object) && object.path &&
           strstr(object.path, "/lib-dynload/");
}

size_t mt_python_trim(const mt_key *keys, size_t count)
{
    size_t n = count;

    while (n > 0 && is_interpreters(keys[n - 1]))
        n--;
    return n > 0 && keys[n - 1] & MT_KEY_PYTHON ? n : count;
}

static size_t missed(void)
{
    __atomic_fetch_add(&mt_log.header->python_missed, 1, __ATOMIC_RELAXED);
    return 0;
}

static bool places_reserve(struct mt_python_thread *th, size_t count)
{
    size_t cap = th->places_cap ? th->places_cap : 64;
    struct mt_python_place *grown;

    if (count <= th->places_cap)
        return true;
    while (cap < count)
        cap *= 2;
    grown = mt_meta_alloc(cap * sizeof *grown);
    if (!grown)
        return false;
    mt_meta_free(th->places);
    th->places = grown;
    th->places_cap = cap;
    th->places_used = 0;
    return true;
}

static bool prints_reserve(struct mt_python_thread *th)
{
    size_t cap = th->prints_cap ? th->prints_cap : 64;
    uint64_t *grown;

    if (th->used <= th->prints_cap)
        return true;
    while (cap < th->used)
        cap *= 2;
    grown = mt_meta_grow(th->prints, th->prints_cap * sizeof *grown, cap * sizeof *grown);
    if (!grown)
        return false;
    th->prints = grown;
    th->prints_cap = cap;
    return true;
}

/* By address, from where the last merge went another way. Returns how many keys it had put there. */
static uint32_t merge_on(struct writer *w, struct mt_python_thread *th,
                         const struct mt_stack *native)
{
    bool note = !th->cut && places_reserve(th, (size_t)native->used + 1);
    uint32_t from = note ? place_of(th, native, w->out) : 0;
    uint32_t same = from > 0 ? th->places[from].used : 0;
    bool in_order = merge_by_address(w, th, native, from, note);

    th->places_used = note && in_order ? native->used : 0;
    th->merged = w->out;
    return same;
}

/* In a library that came late, a thread's variables are allocated when they are first asked for; that is no event that
 * interrupts ours. */
static void ask_first(void)
{
    uint32_t inside = mt_self.depth;

    mt_self.depth = MT_INSIDE;
    if (mt_python.current)
        mt_python.current();
    mt_self.depth = inside;
}

bool mt_python_read(void **state, bool object, uint64_t *print)
{
    struct mt_python_thread *th = *state;

    if (object && mt_python_thread_unchanged(th) && th->printed == th->used) {
        *print = th->prints[th->used - 1];
        return true;
    }
    if (!th)
        ask_first();
    th = mt_python_thread_of(state);
    if (!th || !mt_python_thread_read(th) || th->cut ||
        mt_python.layout.style == MT_PYTHON_OBJECTS || !prints_reserve(th))
        return false;
    for (size_t i = th->printed; i < th->used; i++) {
        const struct mt_python_frame *f = &th->frames[i];
        uint64_t h = (i ? th->prints[i - 1] : 0) ^ f->marker;
        h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u + ((uint64_t)f->index << 1 | f->bottom);
        th->prints[i] = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    }
    th->printed = th->used;
    *print = th->used ? th->prints[th->used - 1] : 0;
    return true;
}

size_t mt_python_merge(void **state, const struct mt_stack *native, mt_key *out, size_t cap,
                       uint32_t *same)
{
    struct mt_python_thread *th = *state;
    struct writer w = {out, 0};
    uint32_t cut, places;

    *same = 0;
    if (!th)
        return missed();
    th->merged_last = true;
    places = th->places_used;
    th->places_used = 0; /* until it is merged again */
    if (!th->readable)
        return missed();
    if (!th->used)
        return 0;
    if (cap < th->used + native->used + 1)
        return missed();
    if (th->cut && !native->cut) {
        cut = mt_log_frame(MT_FRAME_CUT, 0, 1);
        if (!cut)
            return missed();
        out[w.used++] = MT_KEY_PYTHON | cut;
        __atomic_fetch_add(&mt_log.header->cut_stacks, 1, __ATOMIC_RELAXED);
    }
    th->places_used = places;
    if (mt_python.layout.style == MT_PYTHON_OBJECTS)
        merge_by_symbol(&w, th, native);
    else
        *same = merge_on(&w, th, native);
    return w.used;
}
