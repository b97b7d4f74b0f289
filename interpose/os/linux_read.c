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
    size_t got = 0;
    while (got < bytes) {
        ssize_t r = mt_os_read(fd, (char *)to + got, bytes - got);
        if (r <= 0)
            break;
        got += (size_t)r;
    }
    mt_os_close(fd);
    return (ssize_t)got;
}

/* No process_vm_readv: emulators have none, and some sandboxes let nobody call it. */
static bool not_there;

/* The same by a file. How many bytes were read. */
static size_t read_by_file(const struct mt_os_span *spans, uint32_t count, char *to)
{
    int fd =
        (int)mt_os_call(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDONLY | O_CLOEXEC | AT_ONCE, 0);
    if (fd < 0)
        return 0;
    __atomic_store_n(&read_last, fd, __ATOMIC_RELAXED);
    size_t all = 0;
    for (uint32_t i = 0; i < count; i++) {
        long got = mt_os_call(SYS_pread64, fd, to + all, spans[i].bytes, spans[i].at);
        all += got > 0 ? (size_t)got : 0;
        if (got < 0 || (size_t)got < spans[i].bytes)
            break;
    }
    mt_os_close(fd);
    return all;
}

_Static_assert(sizeof(struct mt_os_span) == sizeof(struct iovec) &&
                   offsetof(struct mt_os_span, bytes) == offsetof(struct iovec, iov_len),
               "one is passed as the other");

size_t mt_os_read_spans(const struct mt_os_span *spans, uint32_t count, void *to)
{
    struct iovec local = {to, 0};
    for (uint32_t i = 0; i < count; i++)
        local.iov_len += spans[i].bytes;
    if (!__atomic_load_n(&not_there, __ATOMIC_RELAXED)) {
        long got = mt_os_call(SYS_process_vm_readv, mt_os_pid(), &local, 1, spans, count, 0);
        if (got >= 0 || (errno != ENOSYS && errno != EPERM))
            return got > 0 ? (size_t)got : 0;
        __atomic_store_n(&not_there, true, __ATOMIC_RELAXED);
    }
    return read_by_file(spans, count, to);
}

bool mt_os_read_memory(uintptr_t address, void *to, size_t bytes)
{
    struct mt_os_span span = {address, bytes};
    return mt_os_read_spans(&span, 1, to) == bytes;
}
