/* SPDX-License-Identifier: MIT
 *
 * Where the tracker's own memory lies: in a neighbourhood of its own. The system puts a new mapping into the
 * highest hole that has room for it, and that can be a hole which the program made in a range of its own, and
 * which it is going to unmap, or to map over, as a whole. A program of one thread may do that: nobody else
 * maps anything. So each mapping of ours lies just below the one before it, far below where the system puts
 * what the program asks for, or in a hole that we left there ourselves. Without the latter a program whose threads come and go
 * would spread our memory over ever more addresses, and jemalloc keeps a map of all that it ever had: 4 KiB for 2 MiB.
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

/* What we unmapped in the neighbourhood, in no order; no two touch. Who finds another thread at work here, or interrupts one, goes
 * without. So does everybody after a thread that left by a jump, and in the child of a fork in that moment. */
#define HOLES 64u
static struct hole {
    uintptr_t start, end;
} holes[HOLES];
static uint32_t holes_used;
static bool holes_busy;

static bool holes_enter(void)
{
    return !__atomic_exchange_n(&holes_busy, true, __ATOMIC_ACQUIRE);
}

static void holes_leave(void)
{
    __atomic_store_n(&holes_busy, false, __ATOMIC_RELEASE);
}

/* `bytes` of addresses in the smallest hole that has them. 0: in none. */
static uintptr_t hole_take(uintptr_t bytes)
{
    struct hole *best = NULL;
    uintptr_t at = 0;
    if (!__atomic_load_n(&holes_used, __ATOMIC_RELAXED) || !holes_enter())
        return 0;
    for (struct hole *h = holes; h < holes + holes_used; h++)
        if (h->end - h->start >= bytes && (!best || h->end - h->start < best->end - best->start))
            best = h;
    if (best) {
        at = best->end -= bytes;
        if (best->start == best->end)
            *best = holes[--holes_used];
    }
    holes_leave();
    return at;
}

static struct hole *smallest_hole(void)
{
    struct hole *least = holes;
    for (struct hole *h = holes; h < holes + HOLES; h++)
        if (h->end - h->start < least->end - least->start)
            least = h;
    return least;
}

void mt_os_unplaced(void *unmapped, size_t bytes)
{
    uintptr_t page = mt_os_page(), start = (uintptr_t)unmapped, end = start + bytes;
    end = (end + page - 1) & ~(page - 1);
    uintptr_t here = (uintptr_t)&lowest, low = __atomic_load_n(&lowest, __ATOMIC_RELAXED);
    if (start < low || end <= start || end > here - FAR || here < FAR || !holes_enter())
        return;
    for (uint32_t i = holes_used; i-- > 0;) {
        if (holes[i].end != start && holes[i].start != end)
            continue;
        start = holes[i].start < start ? holes[i].start : start;
        end = holes[i].end > end ? holes[i].end : end;
        holes[i] = holes[--holes_used];
    }
    bool room = holes_used < HOLES;
    struct hole *to = room ? &holes[holes_used++] : smallest_hole();
    if (room || to->end - to->start < end - start)
        *to = (struct hole){start, end};
    holes_leave();
}

/* A kernel that doesn't know MAP_FIXED_NOREPLACE takes the address as a wish. */
static void *place(void *wanted, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
    uintptr_t page = mt_os_page(), whole = (bytes + page - 1) & ~(page - 1), step = 0;
    uintptr_t hole = wanted ? 0 : hole_take(whole);
    if (hole) {
        long got = mt_os_call(SYS_mmap, hole, bytes, prot, flags | MAP_FIXED_NOREPLACE, fd, offset);
        if (got != -1)
            return (void *)got;
    }
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
