/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <limits.h>

#include "base/aside.h"
#include "base/lock.h"
#include "base/meta.h"
#include "base/near.h"
#include "hooks/enter.h"
#include "hooks/nested.h"
#include "log/log.h"
#include "os/os.h"
#include "process/start.h"
#include "tables/slots.h"

static void end_thread(void *thread)
{
    struct mt_thread *t = thread;
    mt_os_thread_name(t->entry->name);
    t->entry->alive = 0;
    mt_self.thread = NULL;
    mt_self.ended = true;
    mt_slots_return(t);
}

/* The key's destructor. Destructors of other keys may release memory after us in the same round, so
 * the state is kept until the last round. What is released still later (libc's own buffers) is an
 * event of a transient state. */
static void thread_ended(void *value)
{
    struct mt_thread *t = mt_self.thread;
    uintptr_t round = (uintptr_t)value;
    mt_guard_recover((uintptr_t)__builtin_frame_address(0)); /* a handler may end the thread */
    if (!t || mt_self.depth || !mt_ready || *mt_ready != 1)
        return;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS && mt_slots_remember((void *)(round + 1)))
        return;
    mt_guard();
    mt_aside(end_thread, t);
    mt_self.depth = 0;
}

static void begin(void *ok)
{
    *(bool *)ok = mt_start(thread_ended);
}

bool mt_begin(void)
{
    static bool prepared; /* a second thread at the same time makes one more */
    bool ok;
    if (!prepared) {
        prepared = true;
        mt_aside_prepare();
    }
    mt_aside(begin, &ok);
    return ok;
}

/* ---- The guard ---- */

/* Whether the hook that set the guard was left: its frame lies further in than this one. An
 * alternate signal stack may lie anywhere, but the kernel knows whether we are on it. */
static bool hook_was_left(uintptr_t frame)
{
    return frame >= mt_self.frame && !mt_os_on_signal_stack();
}

/* Nobody knows what the tables hold now: the tracker stands aside. */
static void end_torn(void)
{
    mt_lock_broken = true;
    mt_meta_jumped();
    mt_critical = 0;
    __atomic_store_n(&mt_log.header->flags, mt_log.header->flags | MT_FLAG_ENDED, __ATOMIC_RELAXED);
    __atomic_store_n(mt_ready, 2, __ATOMIC_RELEASE);
}

void mt_guard_recover(uintptr_t frame)
{
    while (mt_self.depth && mt_ready && hook_was_left(frame)) {
        bool torn = mt_self.depth == MT_IN_TABLES || mt_critical;
        struct mt_thread *t = mt_self.thread;
        if (t && t->nesting.nested)
            mt_leave_slow(t);
        else
            mt_self.depth = 0;
        if (*mt_ready != 1)
            continue;
        /* In the real call nothing was left undone but this one event. */
        if (torn)
            end_torn();
        else
            mt_log_dropped(1, 0);
    }
}

/* The event is dropped: count it. This comes before the real call, so one that is going to fail
 * counts, too, unless no address space could hold its bytes. */
static void drop(uint64_t bytes)
{
    if (bytes == MT_RELEASE)
        mt_log_dropped(1, 0);
    else if (!(bytes >> 47))
        mt_log_dropped(1, bytes);
}

/* An event inside another one of the same thread. NULL: not to be recorded. */
static struct mt_thread *enter_nested(uint32_t inside, uintptr_t frame, uintptr_t pc,
                                      uint64_t bytes)
{
    struct mt_thread *t = mt_self.thread;
    uint32_t outer = mt_self.depth;
    if (*mt_ready != 1 || inside < MT_IN_HEAP || mt_nested_is_own(outer, pc, bytes == MT_RELEASE))
        return NULL;
    if (!t || t->nesting.special || outer == MT_IN_TABLES) {
        drop(bytes);
        return NULL;
    }
    t->nesting.outer_depth = outer;
    t->nesting.outer_frame = mt_self.frame;
    t->nesting.special = t->nesting.nested = true;
    mt_guard_at(frame, inside);
    return t;
}

static void take_state(void *state)
{
    struct mt_thread *t = mt_self.ended ? mt_slots_borrow() : mt_slots_take();
    *(struct mt_thread **)state = t;
    if (!t)
        return;
    t->nesting.error = &errno;
    t->nesting.special = t->nesting.transient = mt_self.ended;
    if (!mt_self.ended) {
        mt_self.thread = t;
        mt_slots_started(t);
        /* May allocate, by the wrapped functions: the guard is set, so that is not recorded. */
        mt_slots_remember((void *)1);
    }
}

/* The state of a thread that has none. NULL: there is none, and the event is counted as dropped. */
static struct mt_thread *enter_first(uint64_t bytes)
{
    struct mt_thread *t;
    mt_aside(take_state, &t);
    if (!t)
        drop(bytes);
    return t;
}

static __attribute__((noinline)) struct mt_thread *enter_seldom(uint32_t inside, uintptr_t frame,
                                                                uintptr_t pc, uint64_t bytes)
{
    int keep = errno; /* a thread's first event sets up a lot */
    struct mt_thread *t = NULL;
    mt_guard_recover(frame);
    if (mt_self.depth) {
        if (mt_ready)
            t = enter_nested(inside, frame, pc, bytes);
    } else if (!mt_ready || *mt_ready != 2) {
        mt_guard_at(frame, MT_IN_TABLES);
        if ((mt_ready && *mt_ready == 1) || mt_begin())
            t = mt_self.thread ? mt_self.thread : enter_first(bytes);
        mt_self.depth = t ? inside : 0;
    }
    errno = keep;
    return t;
}

MT_HOT struct mt_thread *mt_enter_slow(uint32_t inside, uintptr_t frame, uintptr_t pc,
                                       uint64_t bytes)
{
    if (mt_self.depth && frame < mt_self.frame &&
        mt_nested_is_own(mt_self.depth, pc, bytes == MT_RELEASE))
        return NULL; /* happens all the time: operator new calls malloc */
    return enter_seldom(inside, frame, pc, bytes);
}

static void give_back(void *thread)
{
    mt_slots_give_back(thread);
}

void mt_leave_slow(struct mt_thread *t)
{
    if (t->nesting.nested) {
        t->nesting.nested = false;
        mt_guard_at(t->nesting.outer_frame, t->nesting.outer_depth);
        t->nesting.special = false; /* not before: from here on another event may nest */
        return;
    }
    int keep = errno;
    t->nesting.special = t->nesting.transient = false;
    mt_aside(give_back, t);
    mt_self.depth = 0;
    errno = keep;
}
