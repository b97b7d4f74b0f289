/* SPDX-License-Identifier: MIT
 *
 * Python frames in their places among the native ones.
 *
 * From 3.10 on every run of the native interpreter loop has something of the frame chain among its
 * own locals (python_layout.h, enum mt_python_style): the native frame whose part of the stack
 * holds that address is the loop. Symbols don't tell, since compilers split the loop's function.
 * Before that, the loop's symbol has to do.
 */
#include "python_internal.h"

#include "format.h"
#include "log.h"

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

static void merge_by_address(struct writer *w, const struct mt_python_thread *th,
                             const struct mt_stack *native)
{
    const struct mt_frame *frames = native->frames;
    uintptr_t innermost = frames[native->used - 1].sp, low, high, marker;
    size_t next = 0;

    /* The outermost native frame has no upper end. */
    high = is_loop(frames[0].pc) ? UINTPTR_MAX : frames[0].sp;
    for (size_t i = 0; i < native->used; i++, high = low) {
        bool replaced = false;

        low = frames[i].sp;
        while (next < th->used) {
            marker = th->frames[next].marker;
            if (marker >= low && marker < high)
                replaced = true;
            else if (marker >= innermost && marker < low)
                break; /* further in */
            /* else in no native frame that we have: keeps its place in the order */
            next = put_loop(w, th, next);
        }
        if (!replaced && !(th->cut && next == 0))
            put_native(w, &frames[i]);
    }
    while (next < th->used)
        next = put_loop(w, th, next);
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

static size_t missed(void)
{
    __atomic_fetch_add(&mt_log.header->python_missed, 1, __ATOMIC_RELAXED);
    return 0;
}

size_t mt_python_merge(void **state, const struct mt_stack *native, mt_key *out, size_t cap)
{
    struct mt_python_thread *th = mt_python_thread_of(state);
    struct writer w = {out, 0};
    uint32_t cut;

    if (!th || !mt_python_thread_read(th))
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
    if (mt_python.layout.style == MT_PYTHON_OBJECTS)
        merge_by_symbol(&w, th, native);
    else
        merge_by_address(&w, th, native);
    return w.used;
}
