/* SPDX-License-Identifier: MIT
 *
 * A lock for short sections of the tracker. It is only taken with the thread's guard set, so that a
 * signal handler of the same thread cannot wait for itself.
 *
 * Who waits spins for a moment, then sleeps: a thread that only gave way (sched_yield) would keep
 * one of lower real-time priority, which has the lock, off the processor for ever. A real-time
 * thread that has slept in vain for WAIT_NS lends its priority to the holder. Nobody relies on being
 * woken: a sleep lasts WAIT_NS at most. So to take and to drop a free lock costs one atomic
 * operation.
 *
 * THE ORDER OF LOCKS. A thread that has one of these may take one further down, and no other:
 *
 *   hooks/python/source.c, exact_count.c, stamp.c
 *   python/code.c                     entering
 *   tables/period.c                   lock
 *   tables/counters.c                 lost_lock
 *   tables/counters.c                 locks[]
 *   tables/timeline.c                 lock, which is tried only
 *   tables/slots.c, live.c, live_big.c, mappings.c, objects.c    one of them at a time
 *   loader/modules.c                  lock
 *   log/intern.c                      frames_lock, strings_lock
 *   log/log.c                         record_lock
 *   log/log.c                         mt_log_growing
 *   base/meta.c                       lock: the tracker's own memory
 *   base/own.c                        lock
 *   base/pool.c                       lock
 *
 * None of them is held while code runs that is not ours: not the real function, not the loader, not a fork's
 * handlers. None waits for a lock of anybody else: what is called with one held are system calls, and _dl_find_object, which takes none.
 *
 * FORK. Nothing is closed and nothing is waited for before a fork, whichever way it is made. Where
 * the process had several threads, the child may find locks held and tables half-written. It begins
 * anew with its first event: locks are free (..._forget of each module that has one), tables are
 * left behind (mt_meta_torn), the private allocator starts again (base/meta_image.h). No lock is
 * taken in a child before that.
 */
#ifndef MT_LOCK_H
#define MT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/local.h"
#include "base/near.h"

/* A thread left a section in which a table may be half-written (mt_critical, base/local.h) by a jump, or a signal handler forked inside one and this is the
 * child. Nobody waits for a lock any more. */
MT_EXTERN bool mt_lock_broken;

/* All zero: free. */
struct mt_lock {
    uint32_t holder;  /* 0: free. Bit 31: somebody lends his priority. */
    uint32_t waiting; /* threads that wait */
    uint32_t lending; /* those of them that lend their priority just now */
    uint32_t
        turn; /* counts the times that it was dropped while somebody waited: what they sleep on */
};

/* Of mt_lock_take and mt_lock_drop: the lock is taken; it is free again, and somebody waits. Keep errno. */
void mt_lock_wait(struct mt_lock *lock);
void mt_lock_hand_over(struct mt_lock *lock);

/* Take the lock if it is free. False: it is not. */
static inline bool mt_lock_try(struct mt_lock *lock)
{
    uint32_t nobody = 0;
    mt_critical++;
    if (__atomic_compare_exchange_n(&lock->holder, &nobody, mt_lock_self, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return true;
    mt_critical--;
    return false;
}

/* Take the lock, and wait for it as long as need be. */
static inline void mt_lock_take(struct mt_lock *lock)
{
    if (__builtin_expect(!mt_lock_try(lock), 0))
        mt_lock_wait(lock);
}

/* Let the lock go; by the thread that took it. It looks for who waits after it has let go: before, it could be stopped in between, be lent a
 * priority, and keep that for ever, as nobody would take it back. */
static inline void mt_lock_drop(struct mt_lock *lock)
{
    __atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&lock->waiting, __ATOMIC_RELAXED) != 0, 0))
        mt_lock_hand_over(lock);
    mt_critical--;
}

/* In the child of a fork: the lock is free, whoever had it. */
static inline void mt_lock_forget(struct mt_lock *lock)
{
    *lock = (struct mt_lock){0, 0, 0, 0};
}

#endif
