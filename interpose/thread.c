/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <limits.h>
#include <string.h>

#include "account.h"
#include "inner.h"
#include "lock.h"
#include "log.h"
#include "meta.h"
#include "os.h"
#include "thread.h"
#include "tree.h"

__thread struct mt_self mt_self;
uint32_t *mt_ready;

static struct mt_lock lock;           /* guards the two lists */
static struct mt_thread *free_states; /* slots whose threads ended */
static struct mt_thread **states;     /* all of them, to free them in a fork child */
static uint32_t states_used, states_cap;
static pthread_key_t key;
static bool key_made;

/* Under lock. */
static struct mt_thread *new_state(void)
{
    if (states_used == states_cap) {
        uint32_t cap = states_cap ? states_cap * 2 : 32;
        struct mt_thread **grown =
            mt_meta_grow(states, states_cap * sizeof *states, cap * sizeof *states);
        if (!grown)
            return NULL;
        states = grown;
        states_cap = cap;
    }
    struct mt_thread *t = mt_meta_alloc(sizeof *t);
    uint64_t slot = t ? mt_log_reserve(MT_REGION_THREAD, sizeof(struct mt_thread_entry), 1) : 0;
    if (!slot) {
        mt_meta_free(t);
        return NULL;
    }
    t->slot = (uint32_t)slot;
    t->entry = (struct mt_thread_entry *)mt_log.base[MT_REGION_THREAD] + slot;
    states[states_used++] = t;
    return t;
}

static struct mt_thread *take_state(void)
{
    mt_lock_take(&lock);
    struct mt_thread *t = free_states;
    if (t)
        free_states = t->next_free;
    else
        t = new_state();
    mt_lock_drop(&lock);
    return t;
}

static void give_back(struct mt_thread *t)
{
    mt_account_thread_end(t);
    mt_lock_take(&lock);
    t->next_free = free_states;
    free_states = t;
    mt_lock_drop(&lock);
}

static void thread_started(struct mt_thread *t)
{
    struct mt_thread_entry *e = t->entry;
    e->tid = mt_os_tid();
    mt_os_thread_name(e->name);
    e->started++;
    e->alive = 1;
    if (t->slot > 1)
        __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_THREADS, __ATOMIC_RELAXED);
}

/* The key's destructor. Other keys' destructors of the same round may release memory after us, so
 * the state is kept to the last round; what is released still later (libc's own buffers) comes as
 * an event of a transient state. */
static void thread_ended(void *value)
{
    struct mt_thread *t = mt_self.thread;
    uintptr_t round = (uintptr_t)value;
    mt_guard_recover((uintptr_t)__builtin_frame_address(0)); /* a handler may end the thread */
    if (!t || mt_self.depth || !mt_ready || *mt_ready != 1)
        return;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS && pthread_setspecific(key, (void *)(round + 1)) == 0)
        return;
    mt_guard();
    mt_os_thread_name(t->entry->name);
    t->entry->alive = 0;
    mt_self.thread = NULL;
    mt_self.ended = true;
    give_back(t);
    mt_self.depth = 0;
}

/* ---- The guard ---- */

/* The hook that set the guard is gone: its frame lies further in than this one. An alternate signal stack may lie anywhere,
 * but then the kernel knows that we are on it. */
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
        if (t && t->nested)
            mt_leave_slow(t);
        else
            mt_self.depth = 0;
        if (*mt_ready != 1)
            continue;
        /* In the real call nothing was left undone but the one event. */
        if (torn)
            end_torn();
        else
            mt_log_dropped(1, 0);
    }
}

/* Not to be recorded, and counted; before the real call, so that one that is going to fail counts too, but for what no address
 * space could hold. */
static void drop(uint64_t bytes)
{
    if (bytes == MT_RELEASE)
        mt_log_dropped(1, 0);
    else if (!(bytes >> 47))
        mt_log_dropped(1, bytes);
}

/* An event inside another one of the same thread: to be recorded? */
static struct mt_thread *enter_nested(uint32_t inside, uintptr_t frame, uintptr_t pc,
                                      uint64_t bytes)
{
    struct mt_thread *t = mt_self.thread;
    uint32_t outer = mt_self.depth;
    if (*mt_ready != 1 || inside < MT_IN_HEAP || mt_inner(outer, pc, bytes == MT_RELEASE))
        return NULL;
    if (!t || t->special || outer == MT_IN_TABLES) {
        drop(bytes);
        return NULL;
    }
    t->outer_depth = outer;
    t->outer_frame = mt_self.frame;
    t->special = t->nested = true;
    mt_guard_at(frame, inside);
    return t;
}

/* The state of a thread that has none, or (NULL) why not is counted. */
static struct mt_thread *enter_first(uint64_t bytes)
{
    struct mt_thread *t = take_state();
    if (!t) {
        drop(bytes);
        return NULL;
    }
    t->special = t->transient = mt_self.ended;
    if (!mt_self.ended) {
        mt_self.thread = t;
        thread_started(t);
        /* May allocate, by the wrapped functions: the guard is set, so that is not recorded. */
        if (key_made)
            pthread_setspecific(key, (void *)1);
    }
    return t;
}

struct mt_thread *mt_enter_slow(uint32_t inside, uintptr_t frame, uintptr_t pc, uint64_t bytes)
{
    if (mt_self.depth && frame < mt_self.frame && mt_inner(mt_self.depth, pc, bytes == MT_RELEASE))
        return NULL;  /* what happens all the time: operator new calls malloc */
    int keep = errno; /* a thread's first event sets up a good deal */
    struct mt_thread *t = NULL;
    mt_guard_recover(frame);
    if (mt_self.depth) {
        if (mt_ready)
            t = enter_nested(inside, frame, pc, bytes);
    } else if (!mt_ready || *mt_ready != 2) {
        mt_guard_at(frame, MT_IN_TABLES);
        if ((mt_ready && *mt_ready == 1) || mt_init())
            t = mt_self.thread ? mt_self.thread : enter_first(bytes);
        mt_self.depth = t ? inside : 0;
    }
    errno = keep;
    return t;
}

void mt_leave_slow(struct mt_thread *t)
{
    if (t->nested) {
        t->nested = false;
        mt_guard_at(t->outer_frame, t->outer_depth);
        t->special = false; /* not before: this one's place is free for another */
        return;
    }
    int keep = errno;
    t->special = t->transient = false;
    give_back(t);
    mt_self.depth = 0;
    errno = keep;
}

void mt_threads_init(void)
{
    if (!key_made)
        key_made = pthread_key_create(&key, thread_ended) == 0;
}

void mt_threads_forget(void)
{
    for (uint32_t i = 0; !mt_meta_torn && i < states_used; i++) {
        mt_tree_forget(states[i]);
        mt_meta_free(states[i]);
    }
    if (!mt_meta_torn)
        mt_meta_free(states);
    states = NULL;
    free_states = NULL;
    states_used = states_cap = 0;
    lock.held = 0;
    mt_self.thread = NULL;
}
