/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "base/aside.h"
#include "base/guard.h"
#include "base/key.h"
#include "base/lock.h"
#include "base/meta.h"
#include "log/log.h"
#include "os/call.h"
#include "os/os.h"
#include "tables/account.h"
#include "tables/capture.h"
#include "tables/slots.h"
#include "tables/stretches.h"
#include "tables/thread.h"

/* Slots whose threads ended. The next thread gets one of the few that still have all their memory, if there is one. */
#define WARM 4u

static struct mt_lock lock; /* guards all below */
static struct mt_thread *warm_states, *free_states;
static uint32_t warm;             /* how many of the former */
static struct mt_thread **states; /* all of them, for mt_slots_forget */
static uint32_t states_used, states_cap;
static pthread_key_t key;
static bool key_made;

/* Under lock. A thread whose first event comes after its destructors, such as of a block that the loader frees for it, never gives
 * its slot back. So slots are looked through before there is room for twice as many. */
static struct mt_thread *abandoned_state(void)
{
    for (uint32_t i = 0; i < states_used; i++) {
        struct mt_thread *t = states[i];
        if (!t->entry->alive || mt_os_tid_exists(t->entry->tid))
            continue;
        t->entry->alive = 0;
        t->lent_to = t->entry->tid;
        t->next_free = free_states;
        free_states = t;
    }
    struct mt_thread *t = free_states;
    if (t)
        free_states = t->next_free;
    return t;
}

/* Under lock. */
static struct mt_thread *new_state(void)
{
    if (states_used == states_cap) {
        struct mt_thread *abandoned = abandoned_state();
        if (abandoned)
            return abandoned;
        uint32_t cap = states_cap ? states_cap * 2 : 32;
        struct mt_thread **grown =
            mt_meta_grow(states, states_cap * sizeof *states, cap * sizeof *states);
        if (!grown)
            return NULL;
        states = grown;
        states_cap = cap;
    }
    struct mt_thread *t = mt_meta_alloc(sizeof *t);
    if (!t)
        return NULL;
    t->entry = t->runs.entry = t->capture.entry = &t->unlisted;
    if (states_used) /* the first one has that of the process */
        mt_aside_prepare();
    if (states_used)
        __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_THREADS, __ATOMIC_RELAXED);
    states[states_used++] = t;
    return t;
}

/* Under lock. NULL: all are in use. */
static struct mt_thread *free_state(void)
{
    struct mt_thread **list = warm_states ? &warm_states : &free_states, *t = *list;
    if (t) {
        warm -= warm_states != NULL;
        *list = t->next_free;
    }
    return t;
}

struct mt_thread *mt_slots_take(void)
{
    mt_lock_take(&lock);
    struct mt_thread *t = free_state();
    if (!t)
        t = new_state();
    mt_lock_drop(&lock);
    if (t && t->lent_to && t->lent_to != mt_os_tid())
        mt_account_thread_end(t);
    if (t)
        t->lent_to = 0;
    return t;
}

static void put_back(struct mt_thread *t, bool warmly)
{
    mt_lock_take(&lock);
    struct mt_thread **list = warmly ? &warm_states : &free_states;
    t->next_free = *list;
    *list = t;
    warm += warmly;
    mt_lock_drop(&lock);
}

/* Of threads that end at the same time a few more may be. */
static bool may_be_warm(void)
{
    return __atomic_load_n(&warm, __ATOMIC_RELAXED) < WARM;
}

void mt_slots_return(struct mt_thread *t)
{
    bool warmly = may_be_warm();
    mt_account_thread_end(t);
    if (!warmly)
        mt_capture_rest(&t->capture);
    put_back(t, warmly);
}

struct mt_thread *mt_slots_borrow(void)
{
    struct mt_thread *t = mt_slots_take();
    if (t)
        t->lent_to = mt_os_tid();
    return t;
}

void mt_slots_give_back(struct mt_thread *t)
{
    mt_account_thread_pause(t);
    put_back(t, true); /* most likely for the same thread again */
}

void mt_slots_started(struct mt_thread *t)
{
    struct mt_thread_entry *e = t->entry;
    mt_os_filter_thread();
    e->tid = mt_os_tid();
    mt_lock_self = (uint32_t)e->tid;
    mt_os_thread_name(e->name);
    e->started++;
    e->alive = 1;
}

void mt_slots_init(void (*ended)(void *))
{
    if (!key_made)
        key_made = mt_key_take(&key, ended) == 0;
}

bool mt_slots_remember(void *value)
{
    return key_made && pthread_setspecific(key, value) == 0;
}

void mt_slots_forget(void)
{
    for (uint32_t i = 0; !mt_meta_torn && i < states_used; i++) {
        struct mt_capture *c = &states[i]->capture;
        mt_capture_thread_end(c);
        mt_capture_rest(c);
        mt_tree_free(&c->tree);
        mt_stretches_forget(&states[i]->runs.stretches);
        mt_meta_free(states[i]);
    }
    if (!mt_meta_torn)
        mt_meta_free(states);
    mt_stretches_restart();
    states = NULL;
    warm_states = free_states = NULL;
    warm = 0;
    states_used = states_cap = 0;
    mt_lock_forget(&lock);
    mt_self.thread = NULL;
}
