/* SPDX-License-Identifier: MIT
 *
 * macOS: files. With __DARWIN_NON_CANCELABLE, which darwin.cmake sets, open, read and the like are those of libSystem that are no
 * cancellation points.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"
#include "os/transfer.h"

/* Where our own descriptors begin: out of the program's way, within its limit. 0: the limit is so low that the program may
 * need each. A program of macOS may have 256 unless it asks for more. */
#define LIMIT_LOW 128u
static int high_numbers(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1100)
        return limit.rlim_cur < LIMIT_LOW ? 0 : (int)(limit.rlim_cur * 3 / 4);
    return 1000;
}

int mt_os_high(int fd)
{
    int number = high_numbers();
    int got = number ? fcntl(fd, F_DUPFD_CLOEXEC, number) : -1;
    return got >= 0 ? got : number ? -errno : -EMFILE;
}

bool mt_os_is_high(int fd)
{
    int number = high_numbers();
    return number && fd >= number;
}

/* O_EXCL follows no link at the end of the path. One on the way there is followed, also somebody else's in a folder like /tmp: there is
 * no descriptor that only names a file, by which linux_create.c walks the path; a user's temporary folder is his own here. */
int mt_os_create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return -errno;
    fchmod(fd, 0600); /* whatever the umask */
    int high = mt_os_high(fd);
    if (high < 0)
        return fd;
    mt_os_close(fd);
    return high;
}

int mt_os_create_nameless(const char *path)
{
    (void)path;
    return -EOPNOTSUPP;
}

void mt_os_create_end(void)
{
}

int mt_os_link(int fd, const char *path)
{
    (void)fd, (void)path;
    return -EOPNOTSUPP;
}

struct mt_os_kind mt_os_kind(int fd)
{
    struct mt_os_kind kind = {false, false};
    struct stat st;
    if (fstat(fd, &st) == 0) /* shm_open's objects have no mode of any file */
        kind.memory = !(st.st_mode & S_IFMT);
    return kind;
}

int mt_os_open(const char *path, bool write)
{
    int fd =
        open(path, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int mt_os_open_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int mt_os_open_program(int folder, const char *path)
{
    struct stat info;
    int fd =
        openat(folder < 0 ? AT_FDCWD : folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        return fd;
    mt_os_close(fd);
    return -EACCES;
}

void mt_os_close(int fd)
{
    close(fd);
}

int mt_os_rename(const char *from, const char *to)
{
    return renamex_np(from, to, RENAME_EXCL) == 0 ? 0 : -errno;
}

void mt_os_remove(const char *path)
{
    unlink(path);
}

ssize_t mt_os_write_part(int fd, const void *data, size_t bytes, uint64_t offset)
{
    ssize_t r = pwrite(fd, data, bytes, (off_t)offset);
    return r < 0 ? -errno : r;
}

ssize_t mt_os_read_part(int fd, void *to, size_t bytes, uint64_t offset)
{
    ssize_t r = pread(fd, to, bytes, (off_t)offset);
    return r < 0 ? -errno : r;
}

ssize_t mt_os_read(int fd, void *to, size_t bytes)
{
    ssize_t r;
    do
        r = read(fd, to, bytes);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

ssize_t mt_os_write(int fd, const void *from, size_t bytes)
{
    ssize_t r;
    do
        r = write(fd, from, bytes);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

/* F_PREALLOCATE would be quicker than zeros, but says nothing of blocks that are shared or compressed. */
int mt_os_allocate(int fd, uint64_t offset, uint64_t bytes)
{
    /* Growing beyond RLIMIT_FSIZE would send SIGXFSZ. */
    struct rlimit size;
    if (getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY &&
        offset + bytes > size.rlim_cur)
        return -EFBIG;
    int r = mt_os_write_zeros(fd, offset, bytes);
    if (r < 0) /* leave the rest of a full disk to others */
        ftruncate(fd, (off_t)offset);
    return r;
}

int mt_os_identity(int fd, uint64_t id[2])
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    id[0] = (uint64_t)st.st_dev;
    id[1] = st.st_ino;
    return 0;
}

bool mt_os_path_is(const char *path, const uint64_t id[2])
{
    struct stat st;
    return lstat(path, &st) == 0 && id[0] == (uint64_t)st.st_dev && id[1] == st.st_ino;
}

/* Nothing here is read by way of a descriptor that a child of a fork could inherit. */
void mt_os_close_inherited(void)
{
}

ssize_t mt_os_read_file(const char *path, void *to, size_t bytes)
{
    int fd = mt_os_open_read(path);
    if (fd < 0)
        return fd;
    size_t got = mt_os_read_rest(fd, to, bytes);
    mt_os_close(fd);
    return (ssize_t)got;
}

bool mt_os_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool mt_os_stamp(const char *path, uint64_t *bytes, uint64_t *modified)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *bytes = (uint64_t)info.st_size;
    *modified =
        (uint64_t)info.st_mtimespec.tv_sec * 1000000000u + (uint64_t)info.st_mtimespec.tv_nsec;
    return true;
}

ssize_t mt_os_cwd(char *to, size_t bytes)
{
    int fd = open(".", O_RDONLY | O_CLOEXEC);
    char path[PATH_MAX];
    int error = fd < 0 || fcntl(fd, F_GETPATH, path) != 0 ? errno : 0;
    if (fd >= 0)
        mt_os_close(fd);
    size_t length = error ? 0 : strlen(path);
    if (length >= bytes)
        error = ERANGE;
    if (error)
        return -error;
    memcpy(to, path, length + 1);
    return (ssize_t)length;
}
