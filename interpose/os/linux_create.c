/* SPDX-License-Identifier: MIT
 *
 * Making the log's file where an attacker may be at work: in a folder like /tmp, where anybody may
 * leave a link. The kernel's own guard against that (fs.protected_symlinks) is not on everywhere.
 * So the path is walked here, one descriptor at a time, and what was checked is what is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/call.h"
#include "os/linux_user.h"
#include "os/os.h"
#include "os/str.h"

#define LINKS_MAX 40 /* as many as the kernel follows */

static long result(long r)
{
    return r == -1 ? -errno : r;
}

static long open_path(int folder, const char *name)
{
    return result(mt_os_call(SYS_openat, folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0));
}

/* path_resolution(7), for a link in a sticky folder that others can write: only links of the
 * process's user and of the folder's owner are followed, as protected_symlinks does. */
static bool may_follow(const struct stat *folder, const struct stat *link)
{
    return !(folder->st_mode & S_ISVTX) || !(folder->st_mode & (S_IWOTH | S_IWGRP)) ||
           link->st_uid == (uid_t)mt_os_call(SYS_geteuid) || link->st_uid == folder->st_uid;
}

struct walk {
    char *rest;      /* the part of the path that is still to be walked */
    char room[8192]; /* `rest` stands at its end */
    int folder;      /* where `rest` begins */
    unsigned links;
};

/* Put the link's text before the rest. */
static int follow(struct walk *w, int link)
{
    char text[4096];
    struct stat here, there;
    if (mt_os_call(SYS_fstat, w->folder, &here) != 0 || mt_os_call(SYS_fstat, link, &there) != 0)
        return -errno;
    if (!may_follow(&here, &there) || ++w->links > LINKS_MAX)
        return -ELOOP;
    long n = result(mt_os_call(SYS_readlinkat, link, "", text, sizeof text));
    if (n <= 0 || n == (long)sizeof text || n + 1 > w->rest - w->room)
        return n < 0 ? (int)n : -ENAMETOOLONG;
    *--w->rest = '/';
    w->rest -= n;
    memcpy(w->rest, text, (size_t)n);
    return 0;
}

static int enter(struct walk *w, int folder)
{
    if (folder < 0)
        return folder;
    if (w->folder >= 0)
        mt_os_close(w->folder);
    w->folder = folder;
    return 0;
}

/* Walk one component, or a "/" at the beginning. */
static int step(struct walk *w)
{
    struct stat st;
    if (*w->rest == '/') {
        while (*w->rest == '/')
            w->rest++;
        return enter(w, (int)open_path(AT_FDCWD, "/"));
    }
    char *name = w->rest, *end = name;
    while (*end != '/') /* there is one: open_folder */
        end++;
    *end = 0;
    for (w->rest = end + 1; *w->rest == '/';)
        w->rest++;
    int next = (int)open_path(w->folder, name);
    if (next < 0)
        return next;
    if (mt_os_call(SYS_fstat, next, &st) != 0 || !S_ISLNK(st.st_mode))
        return enter(w, next);
    int error = follow(w, next);
    mt_os_close(next);
    return error;
}

/* The folder that `path` is in, by a descriptor for paths (O_PATH); `name` becomes the last
 * component. */
static int open_folder(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    struct walk w; /* 8 KiB: not to be cleared */
    w.folder = -1;
    w.links = 0;
    size_t bytes = slash ? (size_t)(slash - path) + 1 : 0;
    *name = path + bytes;
    if (bytes + 1 > sizeof w.room)
        return -ENAMETOOLONG;
    w.rest = w.room + sizeof w.room - 1 - bytes;
    memcpy(w.rest, path, bytes);
    w.room[sizeof w.room - 1] = 0;
    int error = *w.rest == '/' ? 0 : enter(&w, (int)open_path(AT_FDCWD, "."));
    while (!error && *w.rest)
        error = step(&w);
    if (!error)
        return w.folder;
    if (w.folder >= 0)
        mt_os_close(w.folder);
    return error;
}

/* The folder of the file without a name, for the links that follow. */
static struct {
    int folder; /* -1: none */
    char path[1024];
    size_t bytes; /* of the folder's part of the path */
} kept = {.folder = -1};

static void keep_folder(int folder, const char *path, size_t bytes)
{
    if (bytes > sizeof kept.path) {
        mt_os_close(folder);
        return;
    }
    memcpy(kept.path, path, bytes);
    kept.bytes = bytes;
    kept.folder = folder; /* the number in it, if any, was a fork parent's */
}

void mt_os_create_end(void)
{
    if (kept.folder >= 0)
        mt_os_close(kept.folder);
    kept.folder = -1;
}

/* As open_folder, without a second walk where it was walked just now: then it stays that one's. */
static int find_folder(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    int folder = kept.folder;
    size_t bytes = slash ? (size_t)(slash - path) + 1 : 0;
    if (folder < 0 || bytes != kept.bytes || memcmp(path, kept.path, bytes) != 0)
        return open_folder(path, name);
    *name = path + bytes;
    return folder;
}

static int open_as_now(const char *path, bool nameless)
{
    const char *name;
    int folder = open_folder(path, &name);
    if (folder < 0)
        return folder;
    int how = nameless ? O_TMPFILE : O_CREAT | O_EXCL | O_NOFOLLOW;
    long fd = result(
        mt_os_call(SYS_openat, folder, nameless ? "." : name, O_RDWR | O_CLOEXEC | how, 0600));
    if (nameless && fd >= 0)
        keep_folder(folder, path, (size_t)(name - path));
    else
        mt_os_close(folder);
    if (fd >= 0) /* the umask may have taken that away */
        mt_os_call(SYS_fchmod, fd, 0600);
    return (int)fd;
}

static int open_in(const char *path, bool nameless)
{
    struct mt_os_user was;
    mt_os_as_first_user(&was);
    int fd = open_as_now(path, nameless);
    mt_os_as_before(&was);
    if (fd < 0)
        return fd;
    int high = mt_os_high(fd);
    if (high < 0) {
        mt_os_create_end(); /* there are so few that none is to be kept */
        return fd;
    }
    mt_os_close(fd);
    return high;
}

int mt_os_create(const char *path)
{
    return open_in(path, false);
}

int mt_os_create_nameless(const char *path)
{
    return open_in(path, true);
}

static int link_as_now(int fd, const char *path)
{
    char text[40];
    struct mt_str s = MT_STR(text);
    const char *name;
    int folder = find_folder(path, &name);
    if (folder < 0)
        return folder;
    mt_str_add_z(&s, "/proc/thread-self/fd/");
    mt_str_add_number(&s, (uint64_t)fd);
    long r = result(mt_os_call(SYS_linkat, AT_FDCWD, text, folder, name, AT_SYMLINK_FOLLOW));
    if (folder != kept.folder)
        mt_os_close(folder);
    return (int)r;
}

int mt_os_link(int fd, const char *path)
{
    struct mt_os_user was;
    mt_os_as_first_user(&was);
    int error = link_as_now(fd, path);
    mt_os_as_before(&was);
    return error;
}

bool mt_os_privileged(void)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;
    if (getauxval(AT_SECURE) || mt_os_call(SYS_getresuid, &real, &effective, &saved) != 0 ||
        mt_os_call(SYS_getresgid, &real_group, &effective_group, &saved_group) != 0)
        return true;
    return real != 0 && (effective != real || effective_group != real_group);
}
