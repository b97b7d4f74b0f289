/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

#include <errno.h>

#include "os/os.h"

#define SPINS   100u
#define WAIT_NS 1000000u

bool mt_lock_broken;

static bool spin(struct mt_lock *lock)
{
    for (unsigned i = 0; i < SPINS; i++)
        if (!__atomic_load_n(&lock->holder, __ATOMIC_RELAXED) && mt_lock_try(lock))
            return true;
    return false;
}

/* The holder runs with this thread's priority, if that is higher, until it drops the lock. True: the lock
 * is this thread's now. The system refuses if the holder is not known to it: then this was no wait. */
static bool lend(struct mt_lock *lock)
{
    __atomic_fetch_add(&lock->lending, 1, __ATOMIC_SEQ_CST);
    bool taken = mt_os_lend(&lock->holder, WAIT_NS);
    __atomic_fetch_sub(&lock->lending, 1, __ATOMIC_RELAXED);
    if (taken)
        mt_critical++;
    return taken;
}

/* This thread has dropped the lock while somebody lent it a priority. The system takes that away only from one that has
 * the lock, so it is taken once more; or when who lends has waited WAIT_NS and runs, which on the same processor is not
 * before this thread sleeps: both have the same priority now. */
static void return_loan(struct mt_lock *lock)
{
    uint32_t nobody = 0;
    if (!__atomic_compare_exchange_n(&lock->holder, &nobody, mt_lock_self, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        mt_os_wait(&(const uint32_t){0}, 0, WAIT_NS);
    else if (!mt_os_give_back(&lock->holder))
        __atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
}

/* Counted among those who wait. */
static void wait_long(struct mt_lock *lock)
{
    for (bool in_vain = false;;) {
        uint32_t turn = __atomic_load_n(&lock->turn, __ATOMIC_ACQUIRE);
        if (mt_lock_try(lock))
            return;
        if (__atomic_load_n(&mt_lock_broken, __ATOMIC_RELAXED)) {
            mt_critical++;
            return;
        }
        if (in_vain && mt_os_real_time() && lend(lock))
            return;
        in_vain = !mt_os_wait(&lock->turn, turn, WAIT_NS);
    }
}

/* The holder may have looked at `waiting` just before this thread counted itself, and let the lock go just after: nobody is
 * woken then. So this thread looks for a moment before it sleeps; and sleeps WAIT_NS in vain if the holder was stopped in
 * between. */
void mt_lock_wait(struct mt_lock *lock)
{
    int keep = errno;
    if (!spin(lock)) {
        __atomic_fetch_add(&lock->waiting, 1, __ATOMIC_SEQ_CST);
        if (!spin(lock))
            wait_long(lock);
        __atomic_fetch_sub(&lock->waiting, 1, __ATOMIC_RELAXED);
    }
    errno = keep;
}

void mt_lock_hand_over(struct mt_lock *lock)
{
    int keep = errno;
    if (__atomic_load_n(&lock->lending, __ATOMIC_RELAXED))
        return_loan(lock);
    __atomic_fetch_add(&lock->turn, 1, __ATOMIC_RELEASE);
    mt_os_wake(&lock->turn);
    errno = keep;
}
