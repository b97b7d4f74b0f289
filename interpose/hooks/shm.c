/* SPDX-License-Identifier: MIT
 *
 * Shared memory of System V: an attached segment is a mapping of its whole size, rounded up to pages as the kernel does.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format.h"
#include "hooks/hooks.h"
#include "hooks/mapping.h"
#include "log/log.h"
#include "os/call.h"
#include "os/os.h"

MT_EXPORT void *shmat(int id, const void *at, int flags)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (void *)mt_os_raw(SYS_shmat, id, at, flags);
    struct mt_thread *t = mt_mapping_enter(&here);
    void *got = mt_real.shmat(id, at, flags);
    if (!t)
        return got;
    int keep = errno;
    size_t bytes = got == (void *)-1 ? 0 : mt_os_segment(id);
    if (bytes) {
        /* What SHM_REMAP replaces goes; without it, what went away past us. */
        struct mt_pieces pieces;
        struct mt_mapping m = {.start = (uintptr_t)got, .attached = (uintptr_t)got};
        m.end = m.start + bytes;
        m.usable = MT_SHARED;
        if (mt_mapping_take(got, bytes, &pieces))
            mt_mapping_record(t, &here, &pieces, &m, 1, MT_SHARED);
        mt_pieces_free(&pieces);
    }
    errno = keep;
    mt_leave(t);
    return got;
}

MT_EXPORT int shmdt(const void *at)
{
    MT_HERE(here);
    if (!mt_real_known())
        return (int)mt_os_raw(SYS_shmdt, at);
    struct mt_thread *t = mt_mapping_enter(&here);
    if (!t)
        return mt_real.shmdt(at);
    struct mt_pieces pieces;
    int keep = errno;
    mt_pieces_init(&pieces);
    bool ok = mt_mappings_take_attached((uintptr_t)at, &pieces);
    errno = keep;
    int error = mt_real.shmdt(at);
    keep = errno;
    if (error)
        mt_mappings_put_back(&pieces);
    else if (ok && pieces.used)
        mt_mapping_gone(t, &here, &pieces);
    else if (ok)
        mt_account_detached((uintptr_t)at);
    else
        mt_log_dropped(1, 0);
    mt_pieces_free(&pieces);
    errno = keep;
    mt_leave(t);
    return error;
}
