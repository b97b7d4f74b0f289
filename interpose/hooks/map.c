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

#include "base/meta.h"
#include "hooks/hooks.h"
#include "log/log.h"
#include "os/os.h"
#include "tables/account.h"
#include "tables/mappings.h"
#include "unwind/arch.h"

typedef void *mmap_function(void *, size_t, int, int, int, off_t);

/* mt_enter for a mapping. An allocator's own mappings are not the program's, even when it makes
 * them at its start, in a thread of its own or at exit. */
static inline __attribute__((always_inline)) struct mt_thread *enter(const struct mt_start *here)
{
    return mt_real_is_allocator(here->pc) ? NULL : mt_enter();
}

static uintptr_t page_up(uintptr_t at)
{
    uintptr_t mask = mt_os_page() - 1;
    return (at + mask) & ~mask;
}

/* Take the mappings of a range out of the table. False: no memory, and the event is counted as
 * dropped. */
static bool take(const void *at, size_t bytes, struct mt_pieces *pieces)
{
    uintptr_t start = (uintptr_t)at, end = page_up(start + bytes);
    mt_pieces_init(pieces);
    if (!bytes || end <= start || (start & (mt_os_page() - 1)))
        return true; /* the real call will refuse it */
    mt_account_unmapped(start,
                        end); /* the call can only fail now for want of memory in the kernel */
    if (mt_mappings_take(start, end, pieces))
        return true;
    mt_log_dropped(1, 0);
    return false;
}

/* Record an event that took `pieces` away and brought [start, start + bytes) (bytes 0: nothing). */
static void record_event(struct mt_thread *t, const struct mt_start *here,
                         const struct mt_pieces *pieces, uintptr_t start, size_t bytes,
                         enum mt_class class)
{
    struct mt_gone own[16], *gone = own;
    uint32_t count = pieces->used;
    if (count > sizeof own / sizeof own[0] && !(gone = mt_meta_alloc(count * sizeof *gone))) {
        mt_log_dropped(1, 0);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mt_mapping *m = &pieces->piece[i];
        gone[i] = (struct mt_gone){m->unit, m->class, m->end - m->start};
    }
    if (count || bytes) {
        struct mt_event event = {here, gone, count, bytes != 0, class, bytes};
        uint32_t inside = mt_tables_open();
        uint32_t unit = mt_account(t, &event);
        mt_tables_close(inside);
        struct mt_mapping mapping = {start, start + bytes, unit, (uint32_t) class};
        if (unit && !mt_mappings_enter(mapping)) {
            /* It would never be seen released, so it must not stay live. */
            struct mt_gone back = {unit, (uint32_t) class, bytes};
            struct mt_event undo = {.from = here, .gone = &back, .gone_count = 1};
            mt_account(t, &undo);
            mt_log_dropped(1, 0);
        }
    }
    if (gone != own)
        mt_meta_free(gone);
}

/* The unwinder reads the stack as it is, with words that nobody has written yet. memcheck would
 * report that as an error of the program. (It replaces all other hooks of ours by its own.) */
static void record(struct mt_thread *t, const struct mt_start *here, const struct mt_pieces *pieces,
                   uintptr_t start, size_t bytes, enum mt_class class)
{
    mt_arch_valgrind_quiet(1);
    record_event(t, here, pieces, start, bytes, class);
    mt_arch_valgrind_quiet(-1);
}

/* What was recorded as released is still there. */
static void come_back(struct mt_thread *t, const struct mt_start *here,
                      const struct mt_pieces *pieces)
{
    static const struct mt_pieces none;
    for (uint32_t i = 0; i < pieces->used; i++)
        record(t, here, &none, pieces->piece[i].start,
               pieces->piece[i].end - pieces->piece[i].start,
               (enum mt_class)pieces->piece[i].class);
}

static enum mt_class class_of(const struct mt_start *here, int prot, int flags)
{
    if (!(flags & MAP_ANONYMOUS))
        return MT_FILE;
    if (flags & MAP_NORESERVE && mt_python_reserves(here->pc))
        return MT_RESERVED;
    return prot == PROT_NONE ? MT_RESERVED : MT_ANON;
}

static void *map(const struct mt_start *here, mmap_function *real, void *at, size_t bytes, int prot,
                 int flags, int fd, off_t offset)
{
    struct mt_thread *t = enter(here);
    if (!t)
        return real(at, bytes, prot, flags, fd, offset);
    struct mt_pieces pieces;
    int keep = errno;
    bool ok = take(at, flags & MAP_FIXED ? bytes : 0, &pieces);
    errno = keep;
    void *got = real(at, bytes, prot, flags, fd, offset);
    keep = errno;
    if (got == MAP_FAILED) {
        mt_mappings_put_back(&pieces);
    } else if (ok) {
        /* A free range may hold mappings that went away without our seeing it (by a raw system
         * call). */
        if (!(flags & MAP_FIXED))
            take(got, bytes, &pieces);
        record(t, here, &pieces, (uintptr_t)got, bytes, class_of(here, prot, flags));
    }
    mt_pieces_free(&pieces);
    errno = keep;
    mt_leave(t);
    return got;
}

MT_EXPORT void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)syscall(SYS_mmap, at, bytes, prot, flags, fd, offset);
    return map(&here, mt_real.mmap, at, bytes, prot, flags, fd, offset);
}

MT_EXPORT void *mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)syscall(SYS_mmap, at, bytes, prot, flags, fd, offset);
    return map(&here, mt_real.mmap64 ? mt_real.mmap64 : mt_real.mmap, at, bytes, prot, flags, fd,
               offset);
}

MT_EXPORT int munmap(void *at, size_t bytes)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (int)syscall(SYS_munmap, at, bytes);
    struct mt_thread *t = enter(&here);
    if (!t)
        return mt_real.munmap(at, bytes);
    struct mt_pieces pieces;
    int keep = errno;
    mt_python_before_release();
    bool ok = take(at, bytes, &pieces);
    errno = keep;
    /* An interpreter may release the part of its stack that its present frame is in: read the
     * frames while they are there. */
    bool early = ok && mt_python_attached && pieces.used;
    if (early) {
        record(t, &here, &pieces, 0, 0, MT_ANON);
        errno = keep;
    }
    int error = mt_real.munmap(at, bytes);
    keep = errno;
    if (error && early)
        come_back(t, &here, &pieces);
    else if (error)
        mt_mappings_put_back(&pieces);
    else if (ok && !early)
        record(t, &here, &pieces, 0, 0, MT_ANON);
    mt_pieces_free(&pieces);
    errno = keep;
    mt_leave(t);
    return error;
}

/* Grown, shrunk or moved: as in realloc, the old size goes and the new one comes in one step.
 * MREMAP_FIXED also takes what was at its target. MREMAP_DONTUNMAP and an old size of 0 leave the
 * old mapping where it is. */
static void *remap(struct mt_thread *t, const struct mt_start *here, void *old, size_t old_bytes,
                   size_t bytes, int flags, void *target)
{
    struct mt_pieces pieces, over;
    int keep = errno;
    bool ok = take(old, old_bytes, &pieces);
    ok = take(target, flags & MREMAP_FIXED ? bytes : 0, &over) && ok;
    errno = keep;
    void *got = mt_real.mremap(old, old_bytes, bytes, flags, target);
    keep = errno;
    if (got == MAP_FAILED) {
        mt_mappings_put_back(&pieces);
        mt_mappings_put_back(&over);
    } else if (ok) {
        /* The class stays. A mapping that we never saw stays unknown. */
        enum mt_class class = pieces.used ? (enum mt_class)pieces.piece[0].class : MT_ANON;
        if (over.used)
            record(t, here, &over, 0, 0, class);
        bool stays = old_bytes == 0 || (flags & MREMAP_DONTUNMAP);
        if (stays) {
            mt_mappings_put_back(&pieces);
            pieces.used = 0;
            record(t, here, &pieces, (uintptr_t)got, bytes, class);
        } else if (pieces.used) {
            record(t, here, &pieces, (uintptr_t)got, bytes, class);
        }
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
        return (void *)syscall(SYS_mremap, old, old_bytes, bytes, flags, target);
    struct mt_thread *t = enter(&here);
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
    mt_pieces_init(&pieces);
    if (now < old) {
        mt_account_unmapped(now, old);
        mt_mappings_take(now, old, &pieces);
    }
    record(t, here, &pieces, old, now > old ? now - old : 0, MT_ANON);
    mt_pieces_free(&pieces);
    errno = keep;
}

MT_EXPORT void *sbrk(intptr_t increment)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)-1;
    struct mt_thread *t = increment ? enter(&here) : NULL;
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
    struct mt_thread *t = enter(&here);
    void *old = t ? mt_real.sbrk(0) : NULL;
    int error = mt_real.brk(to);
    if (t) {
        if (!error)
            break_moved(t, &here, (uintptr_t)old, (uintptr_t)to);
        mt_leave(t);
    }
    return error;
}
