/* SPDX-License-Identifier: MIT
 *
 * What an allocator maps inside a wrapped call is not seen, as the guard is set: it is not the program's allocation. Sizes are the requested
 * ones. What a call takes away is counted in whole pages, as the kernel does.
 */
#include "hooks/mapped.h"

#include <sys/mman.h>

#include "format.h"
#include "log/log.h"
#include "os/os.h"
#include "unwind/arch.h"

/* What was recorded as released is still there. */
static void come_back(struct mt_thread *t, const struct mt_start *here, struct mt_pieces *pieces)
{
    static const struct mt_pieces none;
    for (uint32_t i = 0; i < pieces->used; i++)
        mt_mapping_record(t, here, &none, &pieces->piece[i], 1, pieces->piece[i].class);
}

/* A file whose pages are in memory and nowhere else, so that mapping it shares memory: memfd, /dev/shm, any tmpfs. Not a device
 * that happens to have its name there; but /dev/zero is what anonymous memory once was made with. */
static bool in_memory(int fd, int *flags)
{
    struct mt_os_kind kind = mt_os_kind(fd);
    if (kind.zero)
        *flags |= MAP_ANONYMOUS;
    return kind.memory;
}

/* A mapping with these parameters, without its place. */
static struct mt_mapping kind_of(const struct mt_start *here, int prot, int flags, int fd)
{
    struct mt_mapping m = {0};
    bool shared = flags & MAP_SHARED; /* one bit of MAP_SHARED_VALIDATE, too */
    bool memory = !(flags & MAP_ANONYMOUS) && in_memory(fd, &flags);
    if (!(flags & MAP_ANONYMOUS) && !(shared && memory)) {
        m.class = m.usable = MT_FILE;
        return m;
    }
    m.usable = shared ? MT_SHARED : MT_ANON;
    m.class = prot == PROT_NONE ? MT_RESERVED : m.usable;
    /* An interpreter's own allocator: its objects are counted one by one, so what lies under them never is. */
    if ((flags & MAP_NORESERVE || prot == PROT_NONE) && mt_python_reserves(here->pc))
        m.class = m.usable = MT_RESERVED;
    return m;
}

void *mt_mapped(const struct mt_start *here, mt_mmap_function *real, void *at, size_t bytes,
                int prot, int flags, int fd, off_t offset)
{
    struct mt_thread *t = mt_mapping_enter(here);
    if (!t)
        return real(at, bytes, prot, flags, fd, offset);
    struct mt_pieces pieces;
    int keep = errno;
    bool ok = mt_mapping_take(at, flags & MAP_FIXED ? bytes : 0, &pieces);
    errno = keep;
    void *got = real(at, bytes, prot, flags, fd, offset);
    keep = errno;
    if (got == MAP_FAILED) {
        mt_mappings_put_back(&pieces);
    } else if (ok) {
        /* A free range may hold mappings that went away without our seeing it (by a raw system
         * call). */
        if (!(flags & MAP_FIXED))
            mt_mapping_take(got, bytes, &pieces);
        struct mt_mapping m = kind_of(here, prot, flags, fd);
        mt_mapping_place(&m, got, bytes);
        mt_mapping_record(t, here, &pieces, &m, 1, m.class);
    }
    mt_pieces_free(&pieces);
    errno = keep;
    mt_leave(t);
    return got;
}

int mt_unmapped(const struct mt_start *here, int (*real)(void *, size_t), void *at, size_t bytes)
{
    struct mt_thread *t = mt_mapping_enter(here);
    if (!t)
        return real(at, bytes);
    struct mt_pieces pieces;
    int keep = errno;
    mt_python_before_release();
    bool ok = mt_mapping_take(at, bytes, &pieces);
    errno = keep;
    /* An interpreter may release the part of its stack that its present frame is in: read the
     * frames while they are there. */
    bool early = ok && mt_python_attached && pieces.used;
    if (early) {
        mt_mapping_gone(t, here, &pieces);
        errno = keep;
    }
    int error = real(at, bytes);
    keep = errno;
    if (error && early)
        come_back(t, here, &pieces);
    else if (error)
        mt_mappings_put_back(&pieces);
    else if (ok && !early)
        mt_mapping_gone(t, here, &pieces);
    mt_pieces_free(&pieces);
    errno = keep;
    mt_leave(t);
    return error;
}

/* ---- Memory becomes usable, or stops being so, in its place ---- */

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

void mt_protected(struct mt_thread *t, const struct mt_start *here, uintptr_t start, uintptr_t end,
                  int prot)
{
    int keep = errno;
    if (prot == PROT_NONE) {
        becomes(t, here, start, end, MT_RESERVED);
    } else {
        becomes(t, here, start, end, MT_ANON);
        becomes(t, here, start, end, MT_SHARED);
    }
    errno = keep;
}

/* Memory is given back to the system, and its range stays as it is: no level changes. What is in no mapping of ours is the
 * allocator's, and counts; a file's pages can be read again from the file, and behind a reservation there is nothing. */
void mt_discarded(struct mt_thread *t, const struct mt_start *here, void *at, size_t bytes)
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
