/* SPDX-License-Identifier: MIT
 *
 * Memory that becomes usable, or stops being so, in its place: V8, the JVM, Go and sanitizers reserve address space with
 * PROT_NONE and make it accessible piece by piece. What was a reservation is released, and as much is allocated, in one event
 * of the call that did it; and the other way round. A change between two ways of access (a JIT's pages that are written,
 * then executed) is no event.
 *
 * The table changes after the real call: the range stays its caller's all the time.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/call.h"
#include "hooks/hooks.h"
#include "hooks/mapped.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* The first page of [start, end) where nothing is mapped, or `start`: there is none. msync with MS_ASYNC only looks. */
static uintptr_t first_hole(uintptr_t start, uintptr_t end)
{
    uintptr_t page = mt_os_page(), low = start,
              high = end; /* [start, low) is mapped, [start, high) is not */
    if (mt_os_call(SYS_msync, start, end - start, MS_ASYNC) == 0)
        return start;
    while (high - low > page) {
        uintptr_t middle = low + (high - low) / page / 2 * page;
        if (mt_os_call(SYS_msync, start, middle - start, MS_ASYNC) == 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* After the real call, which has changed all of the range, or (-1, ENOMEM) what lies before a hole in it. */
static void went_through(struct mt_thread *t, const struct mt_start *here, void *at, size_t bytes,
                         int prot, int error)
{
    uintptr_t start = (uintptr_t)at, end = mt_mapping_end(at, bytes);
    int keep = errno;
    if (error)
        end = end && keep == ENOMEM ? first_hole(start, end) : 0;
    mt_protected(t, here, start, end, prot);
    errno = keep;
}

MT_EXPORT int mprotect(void *at, size_t bytes, int prot)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (int)mt_os_raw(SYS_mprotect, at, bytes, prot);
    struct mt_thread *t = mt_mapping_enter(&here);
    int error = mt_real.mprotect(at, bytes, prot);
    if (t)
        went_through(t, &here, at, bytes, prot, error);
    if (t)
        mt_leave(t);
    return error;
}

MT_EXPORT int pkey_mprotect(void *at, size_t bytes, int prot, int key)
{
    MT_HERE(here);
    if (!mt_real_known() || !mt_real.pkey_mprotect)
        return (int)mt_os_raw(SYS_pkey_mprotect, at, bytes, prot, key);
    struct mt_thread *t = mt_mapping_enter(&here);
    int error = mt_real.pkey_mprotect(at, bytes, prot, key);
    if (t)
        went_through(t, &here, at, bytes, prot, error);
    if (t)
        mt_leave(t);
    return error;
}

static bool discards(int advice)
{
    return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
           advice == MADV_DONTNEED_LOCKED;
}

MT_EXPORT int madvise(void *at, size_t bytes, int advice)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (int)mt_os_raw(SYS_madvise, at, bytes, advice);
    struct mt_thread *t = discards(advice) ? mt_mapping_enter(&here) : NULL;
    int error = mt_real.madvise(at, bytes, advice);
    if (t && !error)
        mt_discarded(t, &here, at, bytes);
    if (t)
        mt_leave(t);
    return error;
}
