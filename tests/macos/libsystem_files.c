/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libsystem.h"

/* ---- open ---- */

static const struct {
    int there, here;
} flags[] = {
    {0x4, O_NONBLOCK},       {0x8, O_APPEND},        {0x80, O_SYNC},  {0x100, O_NOFOLLOW},
    {0x200, O_CREAT},        {0x400, O_TRUNC},       {0x800, O_EXCL}, {0x20000, O_NOCTTY},
    {0x100000, O_DIRECTORY}, {0x1000000, O_CLOEXEC},
};

static int flags_here(int there)
{
    int here = there & 3;
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++)
        here |= there & flags[i].there ? flags[i].here : 0;
    return here;
}

static int flags_there(int here)
{
    int there = here & 3;
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++)
        there |= (here & flags[i].here) == flags[i].here ? flags[i].there : 0;
    return there;
}

#define AT_FDCWD_THERE (-2)
static int folder_here(int folder)
{
    return folder == AT_FDCWD_THERE ? AT_FDCWD : folder;
}

static int mac_openat_mode(int folder, const char *path, int open_flags, unsigned mode)
{
    int fd = openat(folder_here(folder), path, flags_here(open_flags), mode);
    return fd < 0 ? libsystem_failed() : fd;
}

static int mac_open(const char *path, int open_flags, ...)
{
    va_list list;
    va_start(list, open_flags);
    unsigned mode = open_flags & 0x200 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return mac_openat_mode(AT_FDCWD_THERE, path, open_flags, mode);
}

static int mac_openat(int folder, const char *path, int open_flags, ...)
{
    va_list list;
    va_start(list, open_flags);
    unsigned mode = open_flags & 0x200 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return mac_openat_mode(folder, path, open_flags, mode);
}

/* ---- fcntl ---- */

enum { F_PREALLOCATE = 42, F_NOCACHE = 48, F_GETPATH = 50, F_FULLFSYNC = 51, F_DUPFD_EXEC = 67 };

/* From the end of what is there: F_PEOFPOSMODE. */
struct store {
    uint32_t flags;
    int32_t from;
    int64_t offset, length, allocated;
};

static int preallocate(int fd, struct store *store)
{
    struct stat info;
    if (store->from != 3 || store->offset || store->length <= 0) {
        errno = EINVAL;
        return -1;
    }
    if (fstat(fd, &info) < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, info.st_size, store->length) < 0)
        return libsystem_failed();
    store->allocated = store->length;
    return 0;
}

static int path_of(int fd, char *out)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, out, 1023);
    if (length < 0)
        return libsystem_failed();
    out[length] = 0;
    return 0;
}

static int mac_fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    int number = (int)(intptr_t)argument, result;
    switch (command) {
    case F_DUPFD:
    case F_GETFD:
    case F_SETFD:
        result = fcntl(fd, command, number);
        break;
    case F_GETFL:
        result = fcntl(fd, command);
        return result < 0 ? libsystem_failed() : flags_there(result);
    case F_SETFL:
        result = fcntl(fd, command, flags_here(number));
        break;
    case F_DUPFD_EXEC:
        result = fcntl(fd, F_DUPFD_CLOEXEC, number);
        break;
    case F_PREALLOCATE:
        return preallocate(fd, argument);
    case F_GETPATH:
        return path_of(fd, argument);
    case F_FULLFSYNC:
        result = fsync(fd);
        break;
    case F_NOCACHE:
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
    return result < 0 ? libsystem_failed() : result;
}

/* ---- stat ---- */

struct mac_stat {
    int32_t device;
    uint16_t mode, links;
    uint64_t inode;
    uint32_t user, group;
    int32_t special;
    struct timespec accessed, modified, changed, born;
    int64_t bytes, blocks;
    int32_t block_bytes;
    uint32_t flags, generation;
    int32_t spare;
    int64_t spares[2];
};
_Static_assert(sizeof(struct mac_stat) == 144, "");

static int stat_give(int result, const struct stat *info, struct mac_stat *out)
{
    if (result < 0)
        return libsystem_failed();
    *out = (struct mac_stat){
        .device = (int32_t)info->st_dev,
        .mode = (uint16_t)info->st_mode,
        .links = (uint16_t)info->st_nlink,
        .inode = info->st_ino,
        .user = info->st_uid,
        .group = info->st_gid,
        .special = (int32_t)info->st_rdev,
        .accessed = info->st_atim,
        .modified = info->st_mtim,
        .changed = info->st_ctim,
        .born = info->st_ctim,
        .bytes = info->st_size,
        .blocks = info->st_blocks,
        .block_bytes = (int32_t)info->st_blksize,
    };
    return 0;
}

static int mac_stat(const char *path, struct mac_stat *out)
{
    struct stat info;
    return stat_give(stat(path, &info), &info, out);
}

static int mac_lstat(const char *path, struct mac_stat *out)
{
    struct stat info;
    return stat_give(lstat(path, &info), &info, out);
}

static int mac_fstat(int fd, struct mac_stat *out)
{
    struct stat info;
    return stat_give(fstat(fd, &info), &info, out);
}

static int mac_fstatat(int folder, const char *path, struct mac_stat *out, int at_flags)
{
    struct stat info;
    int here = at_flags & 0x20 ? AT_SYMLINK_NOFOLLOW : 0;
    return stat_give(fstatat(folder_here(folder), path, &info, here), &info, out);
}

static int mac_unlinkat(int folder, const char *path, int at_flags)
{
    int here = at_flags & 0x80 ? AT_REMOVEDIR : 0;
    return unlinkat(folder_here(folder), path, here) < 0 ? libsystem_failed() : 0;
}

static int mac_linkat(int from_folder, const char *from, int to_folder, const char *to,
                      int at_flags)
{
    int here = at_flags & 0x40 ? AT_SYMLINK_FOLLOW : 0;
    return linkat(folder_here(from_folder), from, folder_here(to_folder), to, here) < 0
               ? libsystem_failed()
               : 0;
}

static int mac_renamex(const char *from, const char *to, unsigned rename_flags)
{
    if (rename_flags & ~4u) { /* RENAME_EXCL */
        errno = EINVAL;
        return -1;
    }
    unsigned here = rename_flags ? RENAME_NOREPLACE : 0;
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, here) < 0 ? libsystem_failed() : 0;
}

const struct adapter libsystem_files[] = {
    {"_open", mac_open},
    {"_openat", mac_openat},
    {"_fcntl", mac_fcntl},
    {"_stat$INODE64", mac_stat},
    {"_lstat$INODE64", mac_lstat},
    {"_fstat$INODE64", mac_fstat},
    {"_fstatat$INODE64", mac_fstatat},
    {"_unlinkat", mac_unlinkat},
    {"_linkat", mac_linkat},
    {"_renamex_np", mac_renamex},
    {"___stdinp", &stdin},
    {"___stdoutp", &stdout},
    {"___stderrp", &stderr},
    {NULL, NULL},
};
