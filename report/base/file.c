/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_open(int folder, const char *path, struct stat *info)
{
    if (fstatat(folder, path, info, 0) < 0)
        return -1;
    errno = 0;
    if (!S_ISREG(info->st_mode))
        return -1;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    errno = 0;
    if (!fstat(fd, info) && S_ISREG(info->st_mode)) /* it may be another one by now */
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

size_t file_read(int fd, void *data, size_t bytes)
{
    return file_read_at(fd, data, bytes, 0);
}

size_t file_read_at(int fd, void *data, size_t bytes, uint64_t offset)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = pread(fd, (char *)data + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return done;
        if (!got)
            break;
        done += (size_t)got;
    }
    errno = 0;
    return done;
}

size_t file_size(int fd)
{
    struct stat info;
    return fstat(fd, &info) ? 0 : (size_t)info.st_size;
}
