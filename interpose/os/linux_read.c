/* SPDX-License-Identifier: MIT
 *
 * Files that are opened, read and closed at once; memory that may not be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "os/call.h"
#include "os/os.h"
#include "os/transfer.h"

/* How a file that is read at once is opened, and nobody else opens anything: for mt_os_close_inherited. Neither flag means anything for
 * such a file. */
#define AT_ONCE (O_DSYNC | O_NONBLOCK)
static int read_last = -1; /* the number that the last one had */

void mt_os_close_inherited(void)
{
    int fd = read_last;
    long flags = fd < 0 ? -1 : mt_os_call(SYS_fcntl, fd, F_GETFL);
    if (flags >= 0 && (flags & AT_ONCE) == AT_ONCE && (flags & O_ACCMODE) == O_RDONLY)
        mt_os_close(fd);
    read_last = -1;
    mt_os_create_end();
}

ssize_t mt_os_read_file(const char *path, void *to, size_t bytes)
{
    int fd = (int)mt_os_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | AT_ONCE, 0);
    if (fd < 0)
        return -errno;
    __atomic_store_n(&read_last, fd, __ATOMIC_RELAXED);
    size_t got = mt_os_read_rest(fd, to, bytes);
    mt_os_close(fd);
    return (ssize_t)got;
}

/* No process_vm_readv: emulators have none, and some sandboxes let nobody call it. */
static bool not_there;

static int open_memory(void)
{
    int fd =
        (int)mt_os_call(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDONLY | O_CLOEXEC | AT_ONCE, 0);
    __atomic_store_n(&read_last, fd, __ATOMIC_RELAXED);
    return fd;
}

/* The same by a file: how many bytes were read. */
static __attribute__((noinline)) size_t spans_by_file(const struct mt_os_span *spans,
                                                      uint32_t count, char *to)
{
    int fd = open_memory();
    size_t all = 0;

    for (uint32_t i = 0; fd >= 0 && i < count; i++) {
        long got = mt_os_call(SYS_pread64, fd, to + all, spans[i].bytes, spans[i].at);
        all += got > 0 ? (size_t)got : 0;
        if (got < 0 || (size_t)got < spans[i].bytes)
            break;
    }
    if (fd >= 0)
        mt_os_close(fd);
    return all;
}

static __attribute__((noinline)) bool one_by_file(uintptr_t address, void *to, size_t bytes)
{
    int fd = open_memory();
    bool good = fd >= 0 && mt_os_call(SYS_pread64, fd, to, bytes, address) == (long)bytes;

    if (fd >= 0)
        mt_os_close(fd);
    return good;
}

_Static_assert(sizeof(struct mt_os_span) == sizeof(struct iovec) &&
                   offsetof(struct mt_os_span, bytes) == offsetof(struct iovec, iov_len),
               "one is passed as the other");

/* Whether process_vm_readv, which said `got`, will never say anything else. */
static bool is_refused(long got)
{
    if (got >= 0 || (errno != ENOSYS && errno != EPERM))
        return false;
    __atomic_store_n(&not_there, true, __ATOMIC_RELAXED);
    return true;
}

size_t mt_os_read_spans(const struct mt_os_span *spans, uint32_t count, void *to)
{
    struct iovec local = {to, 0};
    for (uint32_t i = 0; i < count; i++)
        local.iov_len += spans[i].bytes;
    if (!__atomic_load_n(&not_there, __ATOMIC_RELAXED)) {
        long got = mt_os_call(SYS_process_vm_readv, mt_os_pid(), &local, 1, spans, count, 0);
        if (!is_refused(got))
            return got > 0 ? (size_t)got : 0;
    }
    return spans_by_file(spans, count, to);
}

static __attribute__((noinline)) long one_by_call(uintptr_t address, void *to, size_t bytes)
{
    struct mt_os_span from = {address, bytes}, local = {(uintptr_t)to, bytes};

    return mt_os_call(SYS_process_vm_readv, mt_os_pid(), &local, 1, &from, 1, 0);
}

/* The stack that the two ways need is not needed at once: tests/stack_bound.py. */
bool mt_os_read_memory(uintptr_t address, void *to, size_t bytes)
{
    if (!__atomic_load_n(&not_there, __ATOMIC_RELAXED)) {
        long got = one_by_call(address, to, bytes);
        if (!is_refused(got))
            return got == (long)bytes;
    }
    return one_by_file(address, to, bytes);
}
