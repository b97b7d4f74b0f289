/* SPDX-License-Identifier: MIT */
#include "python/leave.h"

#include <errno.h>

#include "format.h"
#include "loader/modules.h"
#include "os/os.h"
#include "python/code.h"
#include "python/interpreter.h"
#include "python/walk.h"

static bool read_safely(uintptr_t at, void *to, size_t bytes)
{
    int saved = errno;
    bool there = mt_os_read_memory(at, to, bytes);

    errno = saved;
    return there;
}

/* ---- up to 3.10 ---- */

/* The frame object that is taken down, and the frame that it went back to. By value: a greenlet may change the stack
 * in the middle. */
struct going {
    uintptr_t frame, innermost;
};
static __thread struct going going __attribute__((tls_model("initial-exec")));
static void (*original_dealloc)(void *);

/* The innermost frame of the thread that holds the GIL: this one. */
static uintptr_t innermost_frame(void)
{
    uintptr_t state = mt_load((uintptr_t)mt_python.runtime, mt_python.layout.runtime_current);

    return state ? mt_load(state, mt_python.layout.thread_top) : 0;
}

/* In place of frame_dealloc. A frame that somebody kept (a traceback) goes later, within some other frame: no return. A
 * generator's has lost its link by then. */
static void dealloc(void *frame)
{
    struct going outer = going;
    uintptr_t innermost = innermost_frame(),
              back = mt_load((uintptr_t)frame, mt_python.layout.frame_previous);

    if (!back || back == innermost)
        going = (struct going){(uintptr_t)frame, innermost};
    original_dealloc(frame);
    going = outer;
}

void mt_python_leave_watch(uintptr_t frame_type)
{
    void (**slot)(void *) = (void (**)(void *))(frame_type + mt_python.layout.type_dealloc);

    if (*slot == dealloc)
        return;
    original_dealloc = *slot;
    __atomic_store_n(slot, dealloc, __ATOMIC_RELEASE);
}

static uintptr_t going_from(uintptr_t innermost)
{
    bool switching = __atomic_load_n(&mt_modules_switching, __ATOMIC_RELAXED);

    return going.frame && going.innermost == innermost && !switching ? going.frame : 0;
}

/* ---- 3.11 on ---- */

enum { UNKNOWN, GOOD, BAD };
static uint8_t stack_is; /* where we think */

/* The stack is a list of chunks {previous, size, top, frames}; the thread state has the last chunk, its top, its end. */
enum { CHUNK_SIZE = 8, CHUNK_FRAMES = 24, CHUNK_LEAST = 4096 };

static __attribute__((noinline, cold)) bool check_stack(uintptr_t state)
{
    uintptr_t at[3], size;

    if (!read_safely(state + mt_python.layout.thread_stack_top - 8u, at, sizeof at) ||
        at[0] % CHUNK_LEAST || at[0] + CHUNK_FRAMES > at[1] || at[1] > at[2] ||
        !read_safely(at[0] + CHUNK_SIZE, &size, sizeof size))
        return false;
    return size >= CHUNK_LEAST && !(size & (size - 1)) && at[0] + size == at[2];
}

static bool stack_is_good(uintptr_t state)
{
    /* A new thread state has none. */
    if (__builtin_expect(stack_is == UNKNOWN, 0) &&
        mt_load(state, mt_python.layout.thread_stack_top)) {
        stack_is = check_stack(state) ? GOOD : BAD;
        if (stack_is == BAD)
            mt_python.layout.thread_stack_top = 0;
    }
    return stack_is == GOOD;
}

/* Where the frames of the chain end on the stack, whose last chunk begins at `chunk`. Frames of generators are not there. */
static uintptr_t end_of_chain(const struct mt_python_thread *th, uintptr_t chunk, uintptr_t top)
{
    for (size_t i = th->stack.used; i > 0; i--) {
        const struct mt_foreign_frame *f = &th->stack.frames[i - 1];

        if (f->frame > chunk && f->frame < top)
            return f->frame + mt_python_frame_bytes(f->code);
    }
    return chunk + CHUNK_FRAMES + (mt_load(chunk, 0) ? 0 : 8);
}

/* A code object that is not being freed itself. What stands where a frame is about to be may be anything: one that we don't
 * know the kernel reads for us. */
static bool lives(uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t type;

    if (!code || code % 8)
        return false;
    if (!mt_python_code_find(code) &&
        (!read_safely(code + l->object_type, &type, sizeof type) || !mt_python_code_is(type)))
        return false;
    if (!l->free_threaded)
        return mt_load(code, 0) != 0;
    return *(const uint32_t *)(code + 12) || mt_load(code, 16) >> 2;
}

/* It has begun to run: else it is being set up. */
static bool has_begun(uintptr_t frame, uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;

    return mt_load(frame, l->frame_position) > code + l->code_start;
}

static uintptr_t above_chain(const struct mt_python_thread *th, uintptr_t state, uintptr_t top)
{
    uintptr_t chunk = mt_load(state, mt_python.layout.thread_stack_top - 8u), frame;

    /* A thread state that is given up has no chunk any more, but its old top. */
    if (!chunk || top <= chunk || top > mt_load(state, mt_python.layout.thread_stack_top + 8u))
        return 0;
    frame = end_of_chain(th, chunk, top);
    return frame > chunk && frame + 9 * sizeof(uintptr_t) <= top ? frame : 0;
}

/* ---- both ---- */

static bool add(struct mt_python_thread *th, uintptr_t frame, uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;
    struct mt_foreign_frame *f = &th->stack.frames[th->stack.used];
    uint32_t index = mt_python_walk_index(th, code, MT_PYTHON_RETURNS);

    if (!index || index == MT_FOREIGN_HIDDEN)
        return false;
    *f = (struct mt_foreign_frame){.frame = frame, .code = code, .index = index};
    f->position = l->code_start ? mt_load(frame, l->frame_position)
                                : *(const uint32_t *)(frame + l->frame_position);
    th->stack.used++;
    th->stack.leaving = true;
    return true;
}

void mt_python_leave_look(struct mt_python_thread *th, uintptr_t state)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t frame, code, top;

    if (th->stack.cut || th->stack.used >= MT_DEPTH_MAX)
        return;
    if (l->style < MT_PYTHON_ENTRIES) {
        frame = going_from(th->stack.used ? th->stack.frames[th->stack.used - 1].frame : 0);
        code = frame ? mt_load(frame, l->frame_code) : 0;
        if (lives(code))
            add(th, frame, code);
        return;
    }
    if (!l->thread_stack_top || !stack_is_good(state))
        return;
    top = th->stack_top = mt_load(state, l->thread_stack_top);
    frame = top ? above_chain(th, state, top) : 0;
    code = frame ? mt_load(frame, l->frame_code) & ~(uintptr_t)3 : 0;
    if (lives(code) && has_begun(frame, code))
        add(th, frame, code);
}

bool mt_python_leave_stands(const struct mt_python_thread *th, uintptr_t innermost)
{
    return going_from(innermost) ==
           (th->stack.leaving ? th->stack.frames[th->stack.used - 1].frame : 0);
}
