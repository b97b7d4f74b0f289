/* SPDX-License-Identifier: MIT
 *
 * Where the tracker's own memory lies: in a neighbourhood of its own. The system puts a new mapping into the
 * highest hole that has room for it, and that can be a hole which the program made in a range of its own, and
 * which it is going to unmap, or to map over, as a whole. A program of one thread may do that: nobody else
 * maps anything. So each mapping of ours lies just below the one before it, far below where the system puts
 * what the program asks for.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "os/call.h"
#include "os/os.h"

/* How far below this library the first one ends. ThreadSanitizer accepts no mapping lower than
 * 0x7e8000000000 on x86_64, where the library lies above 0x7eff00000000. */
#define FAR ((uintptr_t)1 << 38)
/* How much is left out where something lies already; twice as much each time. */
#define STEP   ((uintptr_t)1 << 30)
#define ROUNDS 12

static uintptr_t lowest; /* everything of ours lies above it; 0: nothing does yet */

/* `bytes` of addresses that nobody of ours has had before. 0: there are none. */
static uintptr_t next_place(uintptr_t bytes)
{
    uintptr_t was = __atomic_load_n(&lowest, __ATOMIC_RELAXED), from;
    do {
        uintptr_t here = (uintptr_t)&lowest & ~(uintptr_t)(mt_os_page() - 1);
        from = was ? was : here > FAR ? here - FAR : 0;
        if (from <= bytes)
            return 0;
    } while (!__atomic_compare_exchange_n(&lowest, &was, from - bytes, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return from - bytes;
}

/* A kernel that doesn't know MAP_FIXED_NOREPLACE takes the address as a wish. */
static void *place(void *wanted, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
    uintptr_t page = mt_os_page(), whole = (bytes + page - 1) & ~(page - 1), step = 0;
    for (int round = 0; !wanted && whole && round < ROUNDS; round++) {
        uintptr_t at = next_place(whole + step);
        long got =
            at ? mt_os_call(SYS_mmap, at, bytes, prot, flags | MAP_FIXED_NOREPLACE, fd, offset)
               : -1;
        if (got != -1)
            return (void *)got;
        if (!at || errno != EEXIST)
            break;
        step = STEP << round;
    }
    long got = mt_os_call(SYS_mmap, wanted, bytes, prot, flags, fd, offset);
    return got == -1 ? NULL : (void *)got;
}

void *mt_os_place(void *wanted, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
    void *got = place(wanted, bytes, prot, flags, fd, offset);
    if (got && __builtin_expect(mt_os_locking, 0))
        mt_os_unlock(got, bytes);
    return got;
}
