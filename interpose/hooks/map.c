/* SPDX-License-Identifier: MIT
 *
 * Mappings and the program break. What an allocator maps inside a wrapped call is not seen, as the
 * guard is set: it is not the program's allocation. Sizes are the requested ones. What a call takes
 * away is counted in whole pages, as the kernel does.
 */
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format.h"
#include "hooks/hooks.h"
#include "hooks/mapped.h"
#include "os/call.h"
#include "os/os.h"

MT_EXPORT void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)mt_os_raw(SYS_mmap, at, bytes, prot, flags, fd, offset);
    return mt_mapped(&here, mt_real.mmap, at, bytes, prot, flags, fd, offset);
}

MT_EXPORT void *mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)mt_os_raw(SYS_mmap, at, bytes, prot, flags, fd, offset);
    return mt_mapped(&here, mt_real.mmap64 ? mt_real.mmap64 : mt_real.mmap, at, bytes, prot, flags,
                     fd, offset);
}

MT_EXPORT int munmap(void *at, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (int)mt_os_raw(SYS_munmap, at, bytes);
    return mt_unmapped(&here, mt_real.munmap, at, bytes);
}

/* The pieces of what was at `old` are at `got` now, and what was added at the end belongs to the last one. Neighbours of one class
 * are one event. There is nearly always one such group, as the kernel moves only what it holds for one mapping. */
static void moved(struct mt_thread *t, const struct mt_start *here, struct mt_pieces *pieces,
                  uintptr_t old, uintptr_t got, size_t bytes)
{
    struct mt_mapping *all = pieces->piece;
    uint32_t used = pieces->used;
    for (uint32_t i = 0, next; i < used; i = next) {
        struct mt_mapping m = all[i];
        for (next = i + 1; next < used && all[next].class == m.class; next++)
            ;
        pieces->piece = &all[i];
        pieces->used = next - i;
        m.attached += m.attached ? got - old : 0;
        m.start = got + (m.start - old);
        m.end = next < used ? got + (all[next].start - old) : got + bytes;
        if (m.end > got + bytes)
            m.end = got + bytes;
        mt_mapping_record(t, here, pieces, &m, m.end > m.start, m.class);
    }
    pieces->piece = all;
    pieces->used = used;
}

/* Grown, shrunk or moved: as in realloc, the old size goes and the new one comes in one step.
 * MREMAP_FIXED also takes what was at its target. MREMAP_DONTUNMAP and an old size of 0 leave the
 * old mapping where it is. */
static void *remap(struct mt_thread *t, const struct mt_start *here, void *old, size_t old_bytes,
                   size_t bytes, int flags, void *target)
{
    static const struct mt_pieces none;
    struct mt_pieces pieces, over;
    struct mt_mapping was;
    int keep = errno;
    bool stays = old_bytes == 0 || (flags & MREMAP_DONTUNMAP);
    bool own = mt_mappings_find((uintptr_t)old, &was);
    bool comes = own ? stays : mt_mappings_inherited_find((uintptr_t)old, &was);
    bool ok = mt_mapping_take_own(old, stays ? 0 : old_bytes, &pieces);
    ok = mt_mapping_take(target, flags & MREMAP_FIXED ? bytes : 0, &over) && ok;
    errno = keep;
    void *got = mt_real.mremap(old, old_bytes, bytes, flags, target);
    keep = errno;
    if (got == MAP_FAILED) {
        mt_mappings_put_back(&pieces);
        mt_mappings_put_back(&over);
    } else if (ok) {
        if (over.used)
            mt_mapping_gone(t, here, &over);
        /* The class stays. A mapping that we never saw stays unknown. One that was inherited is the child's own from now on. */
        if (!own && !stays)
            mt_mapping_take_inherited(old, old_bytes);
        if (comes) {
            was.attached += was.attached ? (uintptr_t)got - (uintptr_t)old : 0;
            mt_mapping_place(&was, got, bytes);
            mt_mapping_record(t, here, &none, &was, 1, was.class);
        }
        moved(t, here, &pieces, (uintptr_t)old, (uintptr_t)got, bytes);
    }
    mt_pieces_free(&pieces);
    mt_pieces_free(&over);
    errno = keep;
    return got;
}

MT_EXPORT void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
    MT_HERE(here);
    va_list args;
    va_start(args, flags);
    void *target = va_arg(args, void *); /* used with MREMAP_FIXED or DONTUNMAP only */
    va_end(args);
    if (!mt_real_known())
        return (void *)mt_os_raw(SYS_mremap, old, old_bytes, bytes, flags, target);
    struct mt_thread *t = mt_mapping_enter(&here);
    if (!t)
        return mt_real.mremap(old, old_bytes, bytes, flags, target);
    void *got = remap(t, &here, old, old_bytes, bytes, flags, target);
    mt_leave(t);
    return got;
}

/* The break went from `old` to `now`. */
static void break_moved(struct mt_thread *t, const struct mt_start *here, uintptr_t old,
                        uintptr_t now)
{
    struct mt_pieces pieces;
    int keep = errno;
    struct mt_mapping m = {.start = old, .end = now, .usable = MT_ANON};
    mt_pieces_init(&pieces);
    if (now < old) {
        mt_account_unmapped(now, old);
        mt_mappings_take(now, old, &pieces);
    }
    mt_mapping_record(t, here, &pieces, &m, now > old, MT_ANON);
    mt_pieces_free(&pieces);
    errno = keep;
}

MT_EXPORT void *sbrk(intptr_t increment)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)-1;
    struct mt_thread *t = increment ? mt_mapping_enter(&here) : NULL;
    void *old = mt_real.sbrk(increment);
    if (t) {
        if (old != (void *)-1)
            break_moved(t, &here, (uintptr_t)old, (uintptr_t)old + (uintptr_t)increment);
        mt_leave(t);
    }
    return old;
}

MT_EXPORT int brk(void *to)
{
    MT_HERE(here);
    if (!mt_real_known())
        return -1;
    struct mt_thread *t = mt_mapping_enter(&here);
    void *old = t ? mt_real.sbrk(0) : NULL;
    int error = mt_real.brk(to);
    if (t) {
        if (!error)
            break_moved(t, &here, (uintptr_t)old, (uintptr_t)to);
        mt_leave(t);
    }
    return error;
}
