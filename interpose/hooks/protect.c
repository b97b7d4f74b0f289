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
#include "format.h"
#include "hooks/mapping.h"
#include "log/log.h"
#include "unwind/arch.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* The same of what the child of a fork has inherited. A reservation that it makes usable is its own from then on. */
static void inherited_becomes(struct mt_thread *t, const struct mt_start *here, uintptr_t at,
                              uintptr_t end, uint16_t class)
{
    static const struct mt_pieces none;
    struct mt_pieces pieces;
    if (class == MT_RESERVED) {
        mt_account_barred(at, end);
        return;
    }
    mt_pieces_init(&pieces);
    mt_mappings_inherited_take_protected(at, end, class, &pieces);
    if (pieces.used)
        mt_mapping_record(t, here, &none, pieces.piece, pieces.used, class);
    mt_pieces_free(&pieces);
}

/* What of [at, end) becomes `class` by its new protection. */
static void becomes(struct mt_thread *t, const struct mt_start *here, uintptr_t at, uintptr_t end,
                    uint16_t class)
{
    struct mt_pieces pieces;
    mt_pieces_init(&pieces);
    if (!mt_mappings_take_protected(at, end, class, &pieces))
        mt_log_dropped(1, 0);
    else if (pieces.used)
        mt_mapping_record(t, here, &pieces, pieces.piece, pieces.used, class);
    mt_pieces_free(&pieces);
    inherited_becomes(t, here, at, end, class);
}

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
    if (prot == PROT_NONE) {
        becomes(t, here, start, end, MT_RESERVED);
    } else {
        becomes(t, here, start, end, MT_ANON);
        becomes(t, here, start, end, MT_SHARED);
    }
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

/* Memory is given back to the system, and its range stays as it is: no level changes. What is in no mapping of ours is the
 * allocator's, and counts; a file's pages can be read again from the file, and behind a reservation there is nothing. */
static void discarded(struct mt_thread *t, const struct mt_start *here, void *at, size_t bytes)
{
    int keep = errno;
    uintptr_t end = mt_mapping_end(at, bytes);
    size_t left =
        end ? mt_mappings_without((uintptr_t)at, end, 1u << MT_FILE | 1u << MT_RESERVED) : 0;
    if (left) {
        mt_arch_valgrind_quiet(1);
        uint32_t inside = mt_tables_open();
        mt_account_discard(t, here, left);
        mt_tables_close(inside);
        mt_arch_valgrind_quiet(-1);
    }
    errno = keep;
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
        discarded(t, &here, at, bytes);
    if (t)
        mt_leave(t);
    return error;
}
