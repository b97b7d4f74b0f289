/* SPDX-License-Identifier: MIT */
#include "os/transfer.h"

#include <errno.h>
#include <stdbool.h>

#include "os/os.h"

/* 0 or -errno. */
static int write_all(int fd, const char *data, size_t bytes, uint64_t offset)
{
    while (bytes) {
        ssize_t r = mt_os_write_part(fd, data, bytes, offset);
        if (r == -EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? (int)r : -ENOSPC;
        data += r;
        offset += (uint64_t)r;
        bytes -= (size_t)r;
    }
    return 0;
}

bool mt_os_write_at(int fd, const void *data, size_t bytes, uint64_t offset)
{
    return write_all(fd, data, bytes, offset) == 0;
}

bool mt_os_read_at(int fd, void *to, size_t bytes, uint64_t offset)
{
    for (char *p = to; bytes;) {
        ssize_t r = mt_os_read_part(fd, p, bytes, offset);
        if (r == -EINTR)
            continue;
        if (r <= 0)
            return false;
        p += r;
        offset += (uint64_t)r;
        bytes -= (size_t)r;
    }
    return true;
}

ssize_t mt_os_read_some(int fd, void *to, size_t bytes)
{
    return mt_os_read_part(fd, to, bytes, 0);
}

int mt_os_write_zeros(int fd, uint64_t offset, uint64_t bytes)
{
    static const char zeros[4096];
    int r = 0;
    for (size_t n; bytes && !r; offset += n, bytes -= n) {
        n = bytes < sizeof zeros ? (size_t)bytes : sizeof zeros;
        r = write_all(fd, zeros, n, offset);
    }
    return r;
}

size_t mt_os_read_rest(int fd, void *to, size_t bytes)
{
    size_t got = 0;
    while (got < bytes) {
        ssize_t r = mt_os_read(fd, (char *)to + got, bytes - got);
        if (r <= 0)
            break;
        got += (size_t)r;
    }
    return got;
}
