/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "os/call.h"
#include "os/linux_user.h"
#include "os/os.h"
#include "os/transfer.h"

static long result(long r)
{
    return r == -1 ? -errno : r;
}

bool mt_os_locking;

void mt_os_unlock(void *at, size_t bytes)
{
    mt_os_call(SYS_munlock, at, bytes);
}

void *mt_os_map(size_t bytes)
{
    return mt_os_place(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void *mt_os_map_shared(size_t bytes)
{
    return mt_os_place(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void *mt_os_map_stack(size_t bytes)
{
    size_t page = mt_os_page();
    char *at = mt_os_place(NULL, page + bytes, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at && mt_os_call(SYS_mprotect, at + page, bytes, PROT_READ | PROT_WRITE) != 0) {
        mt_os_unmap(at, page + bytes);
        return NULL;
    }
    return at ? at + page : NULL;
}

void *mt_os_reserve(size_t bytes)
{
    return mt_os_place(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

void mt_os_unmap(void *at, size_t bytes)
{
    if (mt_os_call(SYS_munmap, at, bytes) == 0)
        mt_os_unplaced(at, bytes);
}

int mt_os_map_file(void *at, size_t bytes, int fd, uint64_t offset)
{
    if (!mt_os_place(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset))
        return -errno;
    return (int)result(mt_os_call(SYS_madvise, at, bytes, MADV_DONTFORK));
}

void mt_os_leave_file(void *at, size_t bytes)
{
    mt_os_call(SYS_munmap, at, bytes);
}

void mt_os_not_resident(void *at, size_t bytes)
{
    mt_os_call(SYS_madvise, at, bytes, MADV_DONTNEED);
}

void mt_os_huge(void *at, size_t bytes)
{
    uintptr_t mask = mt_os_page() - 1, begin = ((uintptr_t)at + mask) & ~mask,
              end = ((uintptr_t)at + bytes) & ~mask;
    if (begin < end)
        mt_os_call(SYS_madvise, begin, end - begin, MADV_HUGEPAGE);
}

int mt_os_map_copy(void *at, size_t bytes, int fd, uint64_t offset)
{
    static const int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    if (fd >= 0 && mt_os_place(at, bytes, PROT_READ | PROT_WRITE, flags, fd, offset))
        return 0;
    return mt_os_place(at, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0) ? 0
                                                                                        : -errno;
}

bool mt_os_wipe_on_fork(void *at, size_t bytes)
{
    return mt_os_call(SYS_madvise, at, bytes, MADV_WIPEONFORK) == 0;
}

bool mt_os_zero(void *at, size_t bytes)
{
    return mt_os_call(SYS_madvise, at, bytes, MADV_DONTNEED) == 0;
}

/* Where our own descriptors begin: out of the program's way, within its limit. 0: the limit is so low that the program may
 * need each. */
#define LIMIT_LOW 1024u
static int high_numbers(void)
{
    struct rlimit limit;
    if (mt_os_call(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) == 0 && limit.rlim_cur < 1100)
        return limit.rlim_cur < LIMIT_LOW ? 0 : (int)(limit.rlim_cur * 3 / 4);
    return 1000;
}

int mt_os_high(int fd)
{
    int number = high_numbers();
    return number ? (int)result(mt_os_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, number)) : -EMFILE;
}

bool mt_os_is_high(int fd)
{
    int number = high_numbers();
    return number && fd >= number;
}

int mt_os_rename(const char *from, const char *to)
{
    const unsigned no_replace = 1; /* RENAME_NOREPLACE */
    return (int)result(mt_os_call(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, no_replace));
}

void mt_os_remove(const char *path)
{
    mt_os_call(SYS_unlinkat, AT_FDCWD, path, 0);
}

ssize_t mt_os_write_part(int fd, const void *data, size_t bytes, uint64_t offset)
{
    return result(mt_os_call(SYS_pwrite64, fd, data, bytes, offset));
}

int mt_os_allocate(int fd, uint64_t offset, uint64_t bytes)
{
    /* Growing beyond RLIMIT_FSIZE would send SIGXFSZ. */
    struct rlimit size;
    if (mt_os_call(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &size) == 0 &&
        size.rlim_cur != RLIM_INFINITY && offset + bytes > size.rlim_cur)
        return -EFBIG;
    long r;
    do
        r = result(mt_os_call(SYS_fallocate, fd, 0, offset, bytes));
    while (r == -EINTR);
    if (r == -EOPNOTSUPP || r == -ENOSYS)
        r = mt_os_write_zeros(fd, offset, bytes); /* a file system without fallocate */
    if (r < 0)                                    /* leave the rest of a full disk to others */
        mt_os_call(SYS_ftruncate, fd, offset);
    return (int)r;
}

int mt_os_identity(int fd, uint64_t id[2])
{
    struct stat st;
    if (mt_os_call(SYS_fstat, fd, &st) != 0)
        return -errno;
    id[0] = st.st_dev;
    id[1] = st.st_ino;
    return 0;
}

bool mt_os_path_is(const char *path, const uint64_t id[2])
{
    struct stat st;
    return mt_os_call(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           id[0] == st.st_dev && id[1] == st.st_ino;
}

/* linux/magic.h, where not every version has all of them. */
#define MAGIC_TMPFS     0x01021994
#define MAGIC_RAMFS     0x858458f6
#define MAGIC_HUGETLBFS 0x958458f6
#define MAGIC_SECRETMEM 0x5345434d

struct mt_os_kind mt_os_kind(int fd)
{
    struct mt_os_kind kind = {false, false};
    struct stat st;
    struct statfs system;
    if (mt_os_call(SYS_fstat, fd, &st) != 0)
        return kind;
    kind.zero = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5);
    if (!S_ISREG(st.st_mode) || mt_os_call(SYS_fstatfs, fd, &system) != 0)
        return kind;
    uint32_t magic = (uint32_t)system.f_type;
    kind.memory = magic == MAGIC_TMPFS || magic == MAGIC_RAMFS || magic == MAGIC_HUGETLBFS ||
                  magic == MAGIC_SECRETMEM;
    return kind;
}

size_t mt_os_segment(int id)
{
    struct shmid_ds segment;
    return mt_os_call(SYS_shmctl, id, IPC_STAT, &segment) == 0 ? segment.shm_segsz : 0;
}

int mt_os_open(const char *path, bool write)
{
    struct mt_os_user was;
    if (write)
        mt_os_as_first_user(&was);
    long fd = result(mt_os_call(
        SYS_openat, AT_FDCWD, path,
        (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0));
    if (write)
        mt_os_as_before(&was);
    return (int)fd;
}

int mt_os_open_read(const char *path)
{
    return (int)result(mt_os_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0));
}

int mt_os_open_program(int folder, const char *path)
{
    struct stat info;
    long fd = result(mt_os_call(SYS_openat, folder < 0 ? AT_FDCWD : folder, path,
                                O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd < 0 || (mt_os_call(SYS_fstat, fd, &info) == 0 && S_ISREG(info.st_mode)))
        return (int)fd;
    mt_os_close((int)fd);
    return -EACCES;
}

ssize_t mt_os_read_part(int fd, void *to, size_t bytes, uint64_t offset)
{
    return result(mt_os_call(SYS_pread64, fd, to, bytes, offset));
}

void mt_os_close(int fd)
{
    mt_os_call(SYS_close, fd);
}

ssize_t mt_os_read(int fd, void *to, size_t bytes)
{
    long got;
    do
        got = result(mt_os_call(SYS_read, fd, to, bytes));
    while (got == -EINTR);
    return got;
}

bool mt_os_exists(const char *path)
{
    return mt_os_call(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

bool mt_os_stamp(const char *path, uint64_t *bytes, uint64_t *modified)
{
    struct stat info;
    if (mt_os_call(SYS_newfstatat, AT_FDCWD, path, &info, 0) != 0 || !S_ISREG(info.st_mode))
        return false;
    *bytes = (uint64_t)info.st_size;
    *modified = (uint64_t)info.st_mtim.tv_sec * 1000000000u + (uint64_t)info.st_mtim.tv_nsec;
    return true;
}

ssize_t mt_os_write(int fd, const void *from, size_t bytes)
{
    long r;
    do
        r = result(mt_os_call(SYS_write, fd, from, bytes));
    while (r == -EINTR);
    return r;
}

ssize_t mt_os_cwd(char *to, size_t bytes)
{
    long r = result(mt_os_call(SYS_getcwd, to, bytes));
    return r > 0 ? r - 1 : r;
}

bool mt_os_is_terminal(int fd)
{
    struct termios t;
    return mt_os_call(SYS_ioctl, fd, TCGETS, &t) == 0;
}

/* Each frame counts here (base/aside.h), so what asks the filters is apart. */
static __attribute__((noinline)) bool mask_filtered(const uint64_t *set, uint64_t *before)
{
    return mt_os_call(SYS_rt_sigprocmask, SIG_SETMASK, set, before, sizeof *set) == 0;
}

void mt_os_hold_signals(uint64_t *mask)
{
    /* Raw, as libc's function leaves out its own two signals, those of cancellation and of setuid.
     * Faults come all the same. */
    static const uint64_t all = ~0ull;
    if (__builtin_expect(mt_os_filters == 0, 1))
        mt_os_raw(SYS_rt_sigprocmask, SIG_SETMASK, &all, mask, sizeof *mask);
    else if (!mask_filtered(&all, mask))
        *mask = all; /* no mask is that: nobody can hold back SIGKILL */
}

void mt_os_release_signals(const uint64_t *mask)
{
    if (__builtin_expect(mt_os_filters == 0, 1))
        mt_os_raw(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof *mask);
    else if (*mask != ~0ull)
        mask_filtered(mask, NULL);
}

bool mt_os_on_signal_stack(void)
{
    stack_t now;
    return mt_os_call(SYS_sigaltstack, NULL, &now) == 0 && (now.ss_flags & SS_ONSTACK);
}

int mt_os_pid(void)
{
    return (int)mt_os_call(SYS_getpid);
}

int mt_os_parent(void)
{
    return (int)mt_os_call(SYS_getppid);
}

int mt_os_tid(void)
{
    return (int)mt_os_call(SYS_gettid);
}

bool mt_os_tid_exists(int tid)
{
    return result(mt_os_call(SYS_tkill, tid, 0)) != -ESRCH;
}

void mt_os_thread_name(char name[16])
{
    memset(name, 0, 16);
    mt_os_call(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

bool mt_os_wait(const uint32_t *word, uint32_t value, uint64_t ns)
{
    /* Not by way of the filters: malloc waits in the same way, so they let it pass. */
    struct timespec time = timespec_of(ns);
    return mt_os_raw(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &time, NULL, 0) == 0 ||
           errno != ETIMEDOUT;
}

void mt_os_wake(const uint32_t *word)
{
    mt_os_raw(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

bool mt_os_real_time(void)
{
    /* With a filter no priority is lent: malloc makes no such calls. */
    long class =
        mt_os_filters ? SCHED_OTHER : mt_os_raw(SYS_sched_getscheduler, 0) & ~SCHED_RESET_ON_FORK;
    return class == SCHED_FIFO || class == SCHED_RR || class == SCHED_DEADLINE;
}

bool mt_os_lend(uint32_t *word, uint64_t ns)
{
    struct timespec until; /* by a system call: the kernel's function takes more of the stack */
    if (mt_os_raw(SYS_clock_gettime, CLOCK_REALTIME, &until) != 0)
        return false;
    until.tv_nsec += (long)ns; /* less than a second */
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return mt_os_raw(SYS_futex, word, FUTEX_LOCK_PI_PRIVATE, 0, &until, NULL, 0) == 0;
}

bool mt_os_give_back(uint32_t *word)
{
    return mt_os_raw(SYS_futex, word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t = {0, 0};
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t mt_os_mono(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t mt_os_real(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint64_t mt_os_boot(void)
{
    return clock_ns(CLOCK_BOOTTIME);
}

size_t mt_os_page(void)
{
    return getauxval(AT_PAGESZ);
}

bool mt_os_in_memory(uintptr_t at, size_t bytes, unsigned char *answer)
{
    return mt_os_call(SYS_mincore, at, bytes, answer) == 0;
}
