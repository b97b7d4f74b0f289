/* SPDX-License-Identifier: MIT
 *
 * macOS: a thread-local variable is made at the thread's first use of it, by malloc (_tlv_bootstrap), so there is none on a hook's
 * way. Each thread has a piece of our own memory, found by a key of libpthread: a load from the thread's own block, which takes
 * no lock and allocates nothing. Included by base/local.h alone.
 */
#ifndef MT_LOCAL_DARWIN_H
#define MT_LOCAL_DARWIN_H

#include <pthread.h>

#include "base/guard_state.h"
#include "base/near.h"

struct mt_locals {
    struct mt_guard_state self;
    struct mt_guard_state before_fork; /* init_darwin.c */
    uint32_t critical, lock_self, aside_here;
    uint32_t taken; /* by a thread */
};

/* False until mt_locals_init: there is no key yet, and all use the same variables. */
MT_EXTERN bool mt_locals_made;
MT_EXTERN pthread_key_t mt_locals_key;

/* Make the key, and that of the threads' states (base/key.h), whose destructor has to run before this one's. Once, by the
 * constructor, before any hook is at work. */
bool mt_locals_init(void);

/* The variables of a thread that has none yet. Any thread, no lock, no allocation of the program's. */
struct mt_locals *mt_locals_take(void);

/* In the child of a fork: those of other threads are free. */
void mt_locals_forked(void);

/* The variables of the calling thread. Any thread, no lock. */
static inline struct mt_locals *mt_locals(void)
{
    struct mt_locals *mine =
        __builtin_expect(mt_locals_made, true) ? pthread_getspecific(mt_locals_key) : NULL;
    return __builtin_expect(mine != NULL, true) ? mine : mt_locals_take();
}

#define mt_self       (mt_locals()->self)
#define mt_critical   (mt_locals()->critical)
#define mt_lock_self  (mt_locals()->lock_self)
#define mt_aside_here (mt_locals()->aside_here)

#endif
