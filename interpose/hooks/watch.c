/* SPDX-License-Identifier: MIT
 *
 * What the program does to its own system calls and its memory, and what of that must not reach ours.
 *
 * seccomp, by prctl or seccomp (which libseccomp calls by syscall): a call that the filter does not expect ends the
 * process. From now on each of our own is held against the filter first (os/call.h), so what can be needed is taken now.
 *
 * pipe2: libunwind would keep a pipe (unwind/full_libunwind.c).
 *
 * mlockall: our memory is not the program's, so it is neither locked nor counted. The kernel compares the whole
 * address space with RLIMIT_MEMLOCK before it locks what there is; where that is only too large because of us, the
 * program's own mappings are locked one by one. What is mapped later is locked as it comes, and counts for the time
 * until it is unlocked; so most of what will be needed is taken before.
 */
#include <errno.h>
#include <stdarg.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/aside.h"
#include "base/lock.h"
#include "base/own.h"
#include "base/pool.h"
#include "hooks/hooks.h"
#include "hooks/watch.h"
#include "log/log.h"
#include "log/open.h"
#include "os/call.h"

long (*mt_syscall_next)(long number, ...) __attribute__((visibility("hidden"))) = mt_os_raw;

static struct mt_lock one; /* guards all below: one thread at a time */
static bool noted;         /* the log has a note of a filter */

void mt_watch_init(void)
{
    if (mt_real.syscall)
        mt_syscall_next = mt_real.syscall;
}

void mt_watch_forget(void)
{
    mt_lock_forget(&one);
    noted = false;
}

/* Whether this is a child of vfork, in its parent's memory: what it does to itself is not the parent's. */
static bool is_of_vfork(void)
{
    return mt_ready && *mt_ready == 1 && mt_log.header->pid != mt_os_pid();
}

static void fill(void *unused)
{
    (void)unused;
    mt_pool_fill();
    mt_log_ahead();
}

/* Take what may be needed when no more may be had. */
static void take_ahead(void)
{
    mt_aside(fill, NULL);
}

/* ---- seccomp ---- */

/* After the program's call, whose result was `failed`. */
static void filter_is_there(struct mt_os_filter was, bool failed)
{
    if (failed)
        mt_os_filter_failed(was);
    else if (!noted &&
             !(mt_os_passes(SYS_mmap) && mt_os_passes(SYS_fallocate) && mt_os_passes(SYS_openat))) {
        noted = true;
        mt_log_note(
            1,
            "the program put itself under a seccomp filter that lets few system calls pass: what "
            "needs others is not recorded from then on");
    }
}

/* The call that puts this thread, or all, under a filter; see mt_os_filter_begins. */
static long filtered(const void *program, bool all_threads, long number, const long a[5])
{
    if (is_of_vfork())
        return mt_syscall_next(number, a[0], a[1], a[2], a[3], a[4]);
    struct mt_thread *t = mt_enter();
    if (!t) { /* in a signal handler that interrupted us */
        struct mt_os_filter unseen = mt_os_filter_begins(program, all_threads);
        long r = mt_syscall_next(number, a[0], a[1], a[2], a[3], a[4]);
        if (r < 0 || (number == SYS_seccomp && all_threads && r > 0))
            mt_os_filter_failed(unseen);
        return r;
    }
    int keep = errno;
    uint32_t inside = mt_tables_open();
    mt_lock_take(&one);
    take_ahead();
    mt_log_name(true); /* it could not get its name any more */
    struct mt_os_filter filter = mt_os_filter_begins(program, all_threads);
    mt_lock_drop(&one);
    mt_tables_close(inside);
    errno = keep;
    long result = mt_syscall_next(number, a[0], a[1], a[2], a[3], a[4]);
    keep = errno;
    mt_tables_open();
    mt_lock_take(&one);
    /* With TSYNC a thread that can't be put under it is the result. */
    filter_is_there(filter, result < 0 || (number == SYS_seccomp && all_threads && result > 0));
    mt_lock_drop(&one);
    mt_tables_close(inside);
    errno = keep;
    mt_leave(t);
    return result;
}

static long watch_prctl(const long a[5])
{
    if (a[0] == PR_SET_SECCOMP && (a[1] == SECCOMP_MODE_STRICT || a[1] == SECCOMP_MODE_FILTER))
        return filtered(a[1] == SECCOMP_MODE_FILTER ? (const void *)a[2] : NULL, false, SYS_prctl,
                        a);
    return mt_syscall_next(SYS_prctl, a[0], a[1], a[2], a[3], a[4]);
}

static long watch_seccomp(const long a[5])
{
    if (a[0] == SECCOMP_SET_MODE_STRICT || a[0] == SECCOMP_SET_MODE_FILTER)
        return filtered(a[0] == SECCOMP_SET_MODE_FILTER ? (const void *)a[2] : NULL,
                        a[1] & SECCOMP_FILTER_FLAG_TSYNC, SYS_seccomp, a);
    return mt_syscall_next(SYS_seccomp, a[0], a[1], a[2], a[3], a[4]);
}

MT_EXPORT int prctl(int option, ...)
{
    long a[5] = {option};
    va_list list;
    va_start(list, option);
    for (unsigned i = 1; i < 5; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (option == PR_SET_SECCOMP || !mt_real_known())
        return (int)watch_prctl(a);
    return mt_real.prctl(option, a[1], a[2], a[3], a[4]);
}

/* ---- Descriptors ---- */

MT_EXPORT int pipe2(int ends[2], int flags)
{
    if (mt_unwind_no_pipe) {
        errno = EMFILE;
        return -1;
    }
    if (!mt_real_known())
        return (int)mt_os_raw(SYS_pipe2, ends, flags);
    return mt_real.pipe2(ends, flags);
}

/* ---- mlockall ---- */

#define OURS_MAX 1024u
static struct {
    uintptr_t start, end;
} ours[OURS_MAX];
static uint32_t ours_used;

static void note_ours(void *at, size_t bytes)
{
    uintptr_t page = mt_os_page() - 1, start = (uintptr_t)at & ~page;
    if (ours_used == OURS_MAX)
        return;
    ours[ours_used].start = start;
    ours[ours_used++].end = ((uintptr_t)at + bytes + page) & ~page;
}

extern const char __ehdr_start[] __attribute__((visibility("hidden"))); /* of this library */
extern const char _end[] __attribute__((visibility("hidden")));

static void find_ours(void)
{
    ours_used = 0;
    mt_own_each(note_ours);
    mt_log_each_range(note_ours);
    note_ours((void *)__ehdr_start, (size_t)(_end - __ehdr_start));
}

/* The mappings of the program's. */
struct theirs {
    uint64_t bytes;
    bool lock;
    int how; /* of mlock2 */
};

static void piece(struct theirs *all, uintptr_t start, uintptr_t end)
{
    all->bytes += end - start;
    if (all->lock) /* fails where nobody may read: but then it is locked all the same */
        mt_os_call(SYS_mlock2, start, end - start, all->how);
}

static void mapping(uintptr_t start, uintptr_t end, void *context)
{
    while (start < end) {
        uintptr_t from = end, to = end; /* the first of ours */
        for (uint32_t i = 0; i < ours_used; i++)
            if (ours[i].end > start && ours[i].start < from) {
                from = ours[i].start > start ? ours[i].start : start;
                to = ours[i].end < end ? ours[i].end : end;
            }
        if (from > start)
            piece(context, start, from);
        start = to;
    }
}

/* Lock what the program has mapped. False: its limit does not allow it, or we can't. */
static bool lock_theirs(int flags)
{
    static char room[65536]; /* for a line of /proc/self/maps */
    struct theirs all = {0};
    struct rlimit limit;
    if (mt_os_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &limit) != 0 ||
        !mt_os_each_mapping(room, sizeof room, mapping, &all) || all.bytes > limit.rlim_cur)
        return false;
    /* The call sets anew what is locked later. */
    if (mt_os_call(SYS_munlockall) != 0)
        return false;
    all.lock = true;
    all.how = flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0;
    mt_os_each_mapping(room, sizeof room, mapping, &all);
    flags &= ~MCL_CURRENT;
    return !(flags & MCL_FUTURE) || mt_os_call(SYS_mlockall, flags) == 0;
}

/* After the call: what it has to leave out. Returns what the program gets. */
static long without_ours(int flags, long result, int error)
{
    find_ours();
    if (result < 0 && error == ENOMEM && flags & MCL_CURRENT) {
        if (lock_theirs(flags))
            result = 0;
    } else if (result == 0 && flags & MCL_CURRENT) {
        for (uint32_t i = 0; i < ours_used; i++)
            mt_os_unlock((void *)ours[i].start, ours[i].end - ours[i].start);
    }
    if (result == 0)
        mt_os_locking = (flags & MCL_FUTURE) != 0;
    return result;
}

static long lock_all(int flags)
{
    struct mt_thread *t = is_of_vfork() ? NULL : mt_enter();
    if (!t)
        return mt_syscall_next(SYS_mlockall, flags);
    int keep = errno;
    uint32_t inside = mt_tables_open();
    if (flags & MCL_FUTURE)
        take_ahead();
    mt_tables_close(inside);
    errno = keep;
    long result = mt_syscall_next(SYS_mlockall, flags);
    keep = errno;
    mt_tables_open();
    mt_lock_take(&one);
    result = without_ours(flags, result, keep);
    mt_lock_drop(&one);
    mt_tables_close(inside);
    errno = keep;
    mt_leave(t);
    return result;
}

MT_EXPORT int mlockall(int flags)
{
    return (int)lock_all(flags);
}

static long unlock_all(void)
{
    long result = mt_syscall_next(SYS_munlockall);
    if (result == 0)
        mt_os_locking = false;
    return result;
}

MT_EXPORT int munlockall(void)
{
    return (int)unlock_all();
}

long mt_syscall_watched(long number, long a, long b, long c, long d, long e, long f)
{
    const long arguments[5] = {a, b, c, d, e};
    (void)f;
    switch (number) {
    case SYS_prctl:
        return watch_prctl(arguments);
    case SYS_seccomp:
        return watch_seccomp(arguments);
    case SYS_mlockall:
        return lock_all((int)a);
    default:
        return unlock_all();
    }
}
