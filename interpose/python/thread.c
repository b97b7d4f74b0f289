/* SPDX-License-Identifier: MIT
 *
 * Which Python thread state is the calling thread's own, and whether it may be read.
 *
 * A thread that holds the GIL reads its frames safely: nobody else can run Python code or finalise.
 * A thread that has released the GIL (inside numpy, say) finds its frames as they were. But an
 * interpreter that finalises frees the thread states and frames of the daemon threads that it
 * leaves behind. So such a reader raises a flag, then looks whether finalisation has begun. And the
 * first release after its beginning waits until all flags are down, before it frees anything.
 */
#include "base/near.h"
#include "python/thread.h"

#include <errno.h>
#include <pthread.h>

#include "base/guard.h"
#include "loader/modules.h"
#include "os/os.h"
#include "python/leave.h"
#include "python/walk.h"

#define WAIT_NS 2000000000u /* a reader that needs longer than this has been stopped by somebody */
#define LOOK_NS 50000u

enum { OPEN = 0, CLOSING = 1, CLOSED = 2 };
/* CLOSING: nobody may begin to read without the GIL; CLOSED: and no reader is left */
static uint32_t gate;
static __thread bool reading __attribute__((tls_model("initial-exec")));

static bool finalizing(void)
{
    return __atomic_load_n(mt_python_finalizing, __ATOMIC_SEQ_CST) != 0;
}

static bool reading_begin(struct mt_python_thread *th)
{
    reading = true;
    __atomic_store_n(&th->reading, 1, __ATOMIC_SEQ_CST);
    if (!finalizing() && __atomic_load_n(&gate, __ATOMIC_SEQ_CST) == OPEN)
        return true;
    __atomic_store_n(&th->reading, 0, __ATOMIC_RELEASE);
    reading = false;
    return false;
}

static void reading_end(struct mt_python_thread *th)
{
    __atomic_store_n(&th->reading, 0, __ATOMIC_RELEASE);
    reading = false;
}

/* NULL: nobody. */
static const struct mt_python_thread *someone_reads(void)
{
    struct mt_python_thread *th = mt_python_memory_list();

    for (; th; th = th->next) /* those of another epoch were lost in a fork */
        if (__atomic_load_n(&th->reading, __ATOMIC_SEQ_CST) && th->epoch == mt_python.epoch)
            return th;
    return NULL;
}

void mt_python_wait_for_readers(void)
{
    const struct mt_python_thread *reader;
    uint64_t begin;
    int saved;

    if (!mt_python_attached || reading || __atomic_load_n(&gate, __ATOMIC_ACQUIRE) == CLOSED)
        return;
    saved = errno;
    __atomic_store_n(&mt_python_unsettled, true, __ATOMIC_RELAXED);
    __atomic_store_n(&gate, CLOSING, __ATOMIC_SEQ_CST);
    begin = mt_os_mono();
    while ((reader = someone_reads()) && mt_os_mono() - begin < WAIT_NS)
        mt_os_wait(&reader->reading, 1, LOOK_NS); /* nobody wakes us: a reading is short */
    __atomic_store_n(&gate, CLOSED, __ATOMIC_SEQ_CST);
    errno = saved;
}

/* With the GIL held: if the interpreter is up again after a finalisation, let readers in. */
static void gate_check(void)
{
    if (__builtin_expect(__atomic_load_n(&gate, __ATOMIC_RELAXED) != OPEN, 0) && !finalizing())
        __atomic_store_n(&gate, OPEN, __ATOMIC_SEQ_CST);
}

/* A word that may not be there: then 0. */
static uintptr_t read_safely(uintptr_t address)
{
    uintptr_t word = 0;
    int saved = errno;
    bool there = mt_os_read_memory(address, &word, sizeof word);

    errno = saved;
    return there ? word : 0;
}

/* Up to 3.11: whether the thread state that holds the GIL is this thread's. It may be another
 * thread's and go away at any moment, so the kernel reads it for us. */
static bool is_ours(uintptr_t state)
{
    return read_safely(state + mt_python.layout.thread_id) == (uintptr_t)pthread_self();
}

/* Before 3.12 PyGILState's slot keeps the first state that the thread ever had. A thread that runs
 * in a sub-interpreter has another one. Without the GIL there, it counts as being in the outer one.
 */
static uintptr_t own_state_by_slot(bool *attached)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t own = (uintptr_t)mt_python.own();
    uintptr_t holder = mt_load((uintptr_t)mt_python.runtime, l->runtime_current);

    *attached = own != 0 && holder == own;
    if (*attached || !own || !holder)
        return own;
    if (!mt_python_several() || !is_ours(holder))
        return own;
    *attached = true;
    return holder;
}

static inline __attribute__((always_inline)) uintptr_t own_state(bool *attached)
{
    uintptr_t state;

    if (!mt_python.current)
        return own_state_by_slot(attached);
    state = (uintptr_t)mt_python.current();
    *attached = state != 0;
    return state ? state : (uintptr_t)mt_python.own();
}

/* In 3.11 and 3.12 a variable on the native stack tells the top frame. While greenlet changes from
 * one stack to another, and frees what it kept of the other one, the thread state still leads to
 * the old place, where anything may stand now. A frame there must have a code object. The kernel
 * reads it, once for each 16 KiB in which frames lie. */
#define PROVEN_BITS 14
static bool is_frame(struct mt_python_thread *th, uintptr_t frame)
{
    uintptr_t place = (frame >> PROVEN_BITS) + 1,
              *proven = &th->proven[place % (sizeof th->proven / sizeof th->proven[0])];

    if (*proven == place)
        return true;
    if (!mt_python_code_is(
            read_safely((read_safely(frame + mt_python.layout.frame_code) & ~(uintptr_t)3) +
                        mt_python.layout.object_type)))
        return false;
    *proven = place;
    return true;
}

/* Where the fields are that a reading looks at. As constants for the compiler, they halve the work
 * of a frame. */
struct fields {
    enum mt_python_style style;
    unsigned top, cframe, cframe_top, cframe_previous, code, previous, position, owner, shim_owner;
    bool top_in_cframe;
    unsigned stack_top, base;
};
static const struct fields fields_311 = {
    MT_PYTHON_ENTRIES, 56, 56, 8, 16, 32, 48, 56, 68, 0, true, 304, 0};
static const struct fields fields_312 = {
    MT_PYTHON_SHIMS, 56, 0, 0, 0, 0, 8, 56, 70, 3, true, 240, 0};
static const struct fields fields_313 = {MT_PYTHON_SHIMS, 72,  0, 0, 0, 0, 8, 56, 70, 3,
                                         false,           240, 0};
static const struct fields fields_314 = {MT_PYTHON_SHIMS, 72,  0, 0, 0, 0, 8, 56, 74, 3,
                                         false,           240, 0};
static const struct fields fields_315 = {MT_PYTHON_SHIMS, 72,  0, 0, 0, 0, 8, 56, 74, 3,
                                         false,           264, 80};

static inline __attribute__((always_inline)) struct fields fields_as(enum mt_python_style style)
{
    const struct mt_python_layout *l = &mt_python.layout;
    return (struct fields){style,
                           l->thread_top,
                           l->thread_cframe,
                           l->cframe_top,
                           l->cframe_previous,
                           l->frame_code,
                           l->frame_previous,
                           l->frame_position,
                           l->frame_owner,
                           l->shim_owner,
                           l->top_in_cframe != 0,
                           l->thread_stack_top,
                           l->thread_base};
}

static bool fields_are(struct fields a)
{
    struct fields b = fields_as(mt_python.layout.style);
    return a.style == b.style && a.top == b.top && a.cframe == b.cframe &&
           a.cframe_top == b.cframe_top && a.cframe_previous == b.cframe_previous &&
           a.code == b.code && a.previous == b.previous && a.position == b.position &&
           a.owner == b.owner && a.shim_owner == b.shim_owner &&
           a.top_in_cframe == b.top_in_cframe && a.stack_top == b.stack_top && a.base == b.base;
}

/* .frame is 1 if the state can't be trusted now. */
static inline __attribute__((always_inline)) struct mt_python_at
top_of(struct mt_python_thread *th, uintptr_t state, struct fields o)
{
    struct mt_python_at at = {mt_load(state, o.top), 0};

    if (o.top_in_cframe)
        at.frame = at.frame ? mt_load(at.frame, o.cframe_top) : 0;
    if (o.top_in_cframe &&
        __builtin_expect(__atomic_load_n(&mt_modules_switching, __ATOMIC_RELAXED), 0) && at.frame &&
        !is_frame(th, at.frame))
        return (struct mt_python_at){1, 0};
    if (o.cframe)
        at.cframe = mt_load(state, o.cframe);
    if (o.style == MT_PYTHON_SHIMS)
        while (at.frame && *(const volatile uint8_t *)(at.frame + o.owner) >= o.shim_owner)
            at.frame = mt_load(at.frame, o.previous);
    return at;
}

/* Whether all frames are in their old places, as they mostly are: then nothing need be brought up
 * to date. A frame is read only after the link to it was seen to be the old one. */
static inline __attribute__((always_inline)) bool
stands(struct mt_python_thread *th, uintptr_t state, struct fields o, bool leaving)
{
    struct mt_python_at at = top_of(th, state, o);
    const struct mt_foreign_frame *first = th->stack.frames, *f = &first[th->stack.used - 1];
    uintptr_t link = at.frame, cframe = at.cframe, now, differs;

    if (o.stack_top && mt_load(state, o.stack_top) != th->stack_top)
        return false;
    if (o.style < MT_PYTHON_ENTRIES && !mt_python_leave_stands(th, link))
        return false;
    if (leaving) {
        if (f == first ||
            (o.style >= MT_PYTHON_ENTRIES
                 ? mt_load(f->frame, o.position)
                 : *(const uint32_t *)(f->frame + o.position)) != f->position ||
            (mt_load(f->frame, o.code) ^ f->code) & ~(uintptr_t)3)
            return false;
        f--;
    }
    for (;; f--) {
        if (link != f->frame)
            return false;
        now = mt_python_predicted(f->frame);
        link = mt_load(now, o.previous);
        differs = mt_load(now, o.code) ^ f->code;
        if (o.style == MT_PYTHON_SHIMS)
            differs &= ~(uintptr_t)3;
        differs |= (o.style >= MT_PYTHON_ENTRIES ? mt_load(now, o.position)
                                                 : *(const volatile uint32_t *)(now + o.position)) ^
                   f->position;
        if (o.style == MT_PYTHON_ENTRIES)
            differs |= *(const volatile uint8_t *)(now + o.owner) ^ (uintptr_t)f->extra;
        if (differs)
            return false;
        if (o.style == MT_PYTHON_SHIMS && f->bottom && f->marker) {
            if (link != f->marker ||
                *(const volatile uint8_t *)(mt_python_predicted(link) + o.owner) < o.shim_owner)
                return false;
            link = mt_load(mt_python_predicted(link), o.previous);
        }
        if ((o.style == MT_PYTHON_CFRAMES || o.style == MT_PYTHON_ENTRIES) && f->bottom) {
            /* The outermost CFrame is in the thread state. */
            uintptr_t further = cframe ? mt_load(cframe, o.cframe_previous) : 0;
            if ((further ? cframe : 0) != f->marker)
                return false;
            cframe = further;
        }
        if (f == first)
            return link == (o.base ? mt_load(state, o.base) : 0);
    }
}

/* Which fields stands_now() takes. */
static enum { UNKNOWN, OTHER, IN_311, IN_312, IN_313, IN_314, IN_315 } kind;

static __attribute__((noinline)) bool stands_otherwise(struct mt_python_thread *th, uintptr_t state)
{
    if (kind == UNKNOWN)
        kind = fields_are(fields_311)   ? IN_311
               : fields_are(fields_312) ? IN_312
               : fields_are(fields_313) ? IN_313
               : fields_are(fields_314) ? IN_314
               : fields_are(fields_315) ? IN_315
                                        : OTHER;
    switch (mt_python.layout.style) {
    case MT_PYTHON_OBJECTS:
        return stands(th, state, fields_as(MT_PYTHON_OBJECTS), th->stack.leaving);
    case MT_PYTHON_CFRAMES:
        return stands(th, state, fields_as(MT_PYTHON_CFRAMES), th->stack.leaving);
    case MT_PYTHON_ENTRIES:
        return stands(th, state, fields_as(MT_PYTHON_ENTRIES), th->stack.leaving);
    case MT_PYTHON_SHIMS:
        break;
    }
    return stands(th, state, fields_as(MT_PYTHON_SHIMS), th->stack.leaving);
}

/* With a frame that is being taken down, whose memory is still the thread's. */
static __attribute__((noinline)) bool stands_left(struct mt_python_thread *th, uintptr_t state)
{
    switch (kind) {
    case IN_311:
        return stands(th, state, fields_311, true);
    case IN_312:
        return stands(th, state, fields_312, true);
    case IN_313:
        return stands(th, state, fields_313, true);
    case IN_314:
        return stands(th, state, fields_314, true);
    case IN_315:
        return stands(th, state, fields_315, true);
    case UNKNOWN:
    case OTHER:
        break;
    }
    return stands_otherwise(th, state);
}

static inline __attribute__((always_inline)) bool stands_now(struct mt_python_thread *th,
                                                             uintptr_t state)
{
    if (!th->stack.used || th->stack.cut)
        return false;
    if (__builtin_expect(th->stack.leaving, 0))
        return stands_left(th, state);
    switch (kind) {
    case IN_311:
        return stands(th, state, fields_311, false);
    case IN_312:
        return stands(th, state, fields_312, false);
    case IN_313:
        return stands(th, state, fields_313, false);
    case IN_314:
        return stands(th, state, fields_314, false);
    case IN_315:
        return stands(th, state, fields_315, false);
    case UNKNOWN:
    case OTHER:
        break;
    }
    return stands_otherwise(th, state);
}

uintptr_t mt_python_thread_top(void)
{
    bool attached;
    uintptr_t state = own_state(&attached);

    if (!state || !attached || __atomic_load_n(&mt_modules_switching, __ATOMIC_RELAXED))
        return 0;
    return top_of(NULL, state, fields_as(mt_python.layout.style)).frame;
}

static bool read_now(struct mt_python_thread *th)
{
    uint32_t generation = __atomic_load_n(&mt_python_generation, __ATOMIC_RELAXED);
    bool attached, good;
    struct mt_python_at top;
    uintptr_t state = own_state(&attached);

    th->attached = attached ? state : 0;
    if (!state) {
        th->stack.used = 0;
        th->stack.leaving = false;
        return true;
    }
    mt_python_leave_forget(th);
    if (th->generation != generation) {
        th->generation = generation;
        th->stack.used = 0;
    }
    if (attached)
        gate_check();
    else if (!reading_begin(th))
        return false;
    top = top_of(th, state, fields_as(mt_python.layout.style));
    good = top.frame != 1 && mt_python_walk(th, top);
    if (good)
        mt_python_leave_find(th, state);
    if (!attached)
        reading_end(th);
    if (!good)
        th->stack.used = 0;
    return good;
}

static void read_anew(struct mt_python_thread *th)
{
    size_t same = th->stack.same;

    th->stack.same = 0; /* unless there are frames */
    th->stack.readable = read_now(th);
    if (th->stack.printed > th->stack.same)
        th->stack.printed = th->stack.same;
    if (!th->stack.merged_last && th->stack.same > same)
        th->stack.same = same;
    th->stack.merged_last = false;
}

/* The state of a thread that holds the GIL: the one that it had at its last reading; else 0. An
 * object is allocated with the GIL only. So up to 3.11 the GIL's holder is looked up, not the
 * thread's own state; from 3.12 on the thread's own is at hand. */
static inline uintptr_t attached_state(const struct mt_python_thread *th)
{
    uintptr_t state;

    if (mt_python.current)
        state = (uintptr_t)mt_python.current();
    else
        state = mt_load((uintptr_t)mt_python.runtime, mt_python.layout.runtime_current);
    return state == th->attached ? state : 0;
}

/* For an object, whose thread holds the GIL: all frames are as they were read last. Then this
 * counts as a reading. */
static inline bool is_unchanged(struct mt_python_thread *th)
{
    uintptr_t state;

    if (!th || th->epoch != mt_python.epoch ||
        th->generation != __atomic_load_n(&mt_python_generation, __ATOMIC_RELAXED) ||
        __atomic_load_n(&gate, __ATOMIC_RELAXED) != OPEN || !(state = attached_state(th)) ||
        !stands_now(th, state))
        return false;
    if (th->stack.merged_last)
        th->stack.same = th->stack.used;
    th->stack.merged_last = false;
    th->stack.readable = true;
    return true;
}

/* In a library that came late, a thread's variables are allocated when they are first used. That is
 * no event that interrupts ours. */
static void ask_first(void)
{
    uint32_t inside = mt_self.depth;

    mt_self.depth = MT_INSIDE;
    if (mt_python.current)
        mt_python.current();
    mt_self.depth = inside;
}

/* The thread's memory, made or reset as needed; NULL: no memory. */
static struct mt_python_thread *thread_of(struct mt_foreign **stack)
{
    struct mt_python_thread *th = (struct mt_python_thread *)*stack;

    if (!th) {
        ask_first();
        th = mt_python_memory_take();
        *stack = th ? &th->stack : NULL;
    } else if (__builtin_expect(th->epoch != mt_python.epoch, 0)) {
        mt_python_memory_reset(th);
    }
    return th;
}

MT_HOT enum mt_foreign_reading mt_python_thread_read(struct mt_foreign **stack, bool object)
{
    struct mt_python_thread *th = (struct mt_python_thread *)*stack;

    if (object && is_unchanged(th))
        return MT_FOREIGN_UNCHANGED;
    th = thread_of(stack);
    if (!th)
        return MT_FOREIGN_NONE;
    th->stack.by_code = mt_python.layout.style == MT_PYTHON_OBJECTS;
    th->stack.others = th->stack.by_code && mt_python_several();
    read_anew(th);
    return MT_FOREIGN_READ;
}

void mt_python_thread_exit(struct mt_foreign **stack)
{
    struct mt_python_thread *th = (struct mt_python_thread *)*stack;

    *stack = NULL;
    if (!th || th->epoch != mt_python.epoch)
        return; /* lost in a fork, perhaps in the middle of something */
    mt_python_memory_give_back(th);
}
