/* SPDX-License-Identifier: MIT
 *
 * A spin lock for short, rare sections of the tracker. It is never held across a call into foreign
 * code or the real allocator. It is only taken with the thread's guard set, so that a signal
 * handler of the same thread cannot wait for itself. The child of a fork resets all locks, since
 * its parent's other threads are gone: each module that has a lock has a function ..._forget for
 * that.
 */
#ifndef MT_LOCK_H
#define MT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "os/os.h"

/* How many sections of this thread are open in which a table may be half-written. */
extern __thread uint32_t mt_critical __attribute__((tls_model("initial-exec")));
/* A thread left such a section by a jump, or a signal handler forked inside one and this is the
 * child. Nobody waits for a lock any more. */
extern bool mt_lock_broken;

struct mt_lock {
    uint32_t held;
};

/* Take the lock if it is free. False: it is not. */
static inline bool mt_lock_try(struct mt_lock *lock)
{
    mt_critical++;
    if (!__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
        return true;
    mt_critical--;
    return false;
}

/* Take the lock, and wait for it as long as need be. */
static inline void mt_lock_take(struct mt_lock *lock)
{
    for (unsigned spins = 0; !mt_lock_try(lock); spins++) {
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) && !mt_lock_broken)
            if (++spins > 100)
                mt_os_yield();
        if (__builtin_expect(mt_lock_broken, 0)) {
            mt_critical++;
            return;
        }
    }
}

/* Let the lock go; by the thread that took it. */
static inline void mt_lock_drop(struct mt_lock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
    mt_critical--;
}

#endif
