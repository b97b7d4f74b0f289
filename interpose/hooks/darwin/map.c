/* SPDX-License-Identifier: MIT
 *
 * Mappings: BSD's functions, and the kernel's own, which return kern_return_t. What is done to another process is not ours.
 */
#include <mach/mach_init.h>
#include <sys/mman.h>

#include "format.h"
#include "hooks/darwin/wrapped.h"
#include "hooks/mapped.h"
#include "log/log.h"

void *mt_hook_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    MT_HERE(here);
    if (!mt_hooks_work())
        return mmap(at, bytes, prot, flags, fd, offset);
    return mt_mapped(&here, mmap, at, bytes, prot, flags, fd, offset);
}

int mt_hook_munmap(void *at, size_t bytes)
{
    MT_HERE(here);
    return mt_hooks_work() ? mt_unmapped(&here, munmap, at, bytes) : munmap(at, bytes);
}

/* The kernel changes all of the range or nothing. */
int mt_hook_mprotect(void *at, size_t bytes, int prot)
{
    MT_HERE(here);
    struct mt_thread *t = mt_hooks_work() ? mt_mapping_enter(&here) : NULL;
    int error = mprotect(at, bytes, prot);
    uintptr_t end = mt_mapping_end(at, bytes);
    if (t && !error && end)
        mt_protected(t, &here, (uintptr_t)at, end, prot);
    if (t)
        mt_leave(t);
    return error;
}

/* MADV_DONTNEED is only a hint: the pages keep what they hold. */
static bool discards(int advice)
{
    return advice == MADV_FREE || advice == MADV_FREE_REUSABLE || advice == MADV_ZERO;
}

int mt_hook_madvise(void *at, size_t bytes, int advice)
{
    MT_HERE(here);
    struct mt_thread *t = mt_hooks_work() && discards(advice) ? mt_mapping_enter(&here) : NULL;
    int error = madvise(at, bytes, advice);
    if (t && !error)
        mt_discarded(t, &here, at, bytes);
    if (t)
        mt_leave(t);
    return error;
}

/* The event of vm_allocate, after the call, which has put `bytes` at `at`. */
static void allocated(struct mt_thread *t, const struct mt_start *here, uintptr_t at, size_t bytes)
{
    struct mt_pieces pieces;
    struct mt_mapping m = {.usable = MT_ANON};
    int keep = errno;
    if (mt_mapping_take((const void *)at, bytes, &pieces)) {
        mt_mapping_place(&m, (const void *)at, bytes);
        mt_mapping_record(t, here, &pieces, &m, 1, MT_ANON);
    }
    mt_pieces_free(&pieces);
    errno = keep;
}

#define ALLOCATE(symbol, size)                                                                     \
    int mt_hook_##symbol(unsigned task, size *at, size bytes, int flags)                           \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        bool ours = mt_hooks_work() && task == mach_task_self_;                                    \
        struct mt_thread *t = ours ? mt_mapping_enter(&here) : NULL;                               \
        int error = symbol(task, at, bytes, flags);                                                \
        if (t && !error)                                                                           \
            allocated(t, &here, (uintptr_t)*at, bytes);                                            \
        if (t)                                                                                     \
            mt_leave(t);                                                                           \
        return error;                                                                              \
    }

ALLOCATE(vm_allocate, uintptr_t)
ALLOCATE(mach_vm_allocate, uint64_t)

/* Before the call, so that an address which another thread gets next is never seen out of order. */
#define DEALLOCATE(symbol, size)                                                                   \
    int mt_hook_##symbol(unsigned task, size at, size bytes)                                       \
    {                                                                                              \
        MT_HERE(here);                                                                             \
        bool ours = mt_hooks_work() && task == mach_task_self_;                                    \
        struct mt_thread *t = ours ? mt_mapping_enter(&here) : NULL;                               \
        struct mt_pieces pieces;                                                                   \
        int keep = errno;                                                                          \
        if (!t)                                                                                    \
            return symbol(task, at, bytes);                                                        \
        bool ok = mt_mapping_take((const void *)at, bytes, &pieces);                               \
        int error = symbol(task, at, bytes);                                                       \
        if (error)                                                                                 \
            mt_mappings_put_back(&pieces);                                                         \
        else if (ok)                                                                               \
            mt_mapping_gone(t, &here, &pieces);                                                    \
        mt_pieces_free(&pieces);                                                                   \
        errno = keep;                                                                              \
        mt_leave(t);                                                                               \
        return error;                                                                              \
    }

DEALLOCATE(vm_deallocate, uintptr_t)
DEALLOCATE(mach_vm_deallocate, uint64_t)
