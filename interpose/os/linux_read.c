/* SPDX-License-Identifier: MIT
 *
 * Files that are opened, read and closed at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

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
