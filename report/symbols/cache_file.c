/* SPDX-License-Identifier: MIT */
#include "symbols/cache_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define ENDING    ".sym"
#define BEGINNING ".new." /* of a file that is being written */
#define STALE     3600    /* seconds: no write takes that long */

char *cache_folder(void)
{
    const char *wanted = getenv("MEMTRACE_CACHE");
    if (wanted && !strcmp(wanted, "0"))
        return NULL;
    const char *top = getenv("XDG_CACHE_HOME"), *below = "/memtrace";
    if (!top || top[0] != '/') {
        top = getenv("HOME");
        below = "/.cache/memtrace";
    }
    if (!top || top[0] != '/')
        return NULL;
    char *path = base_alloc(strlen(top) + strlen(below) + 1, 1);
    sprintf(path, "%s%s", top, below);
    return path;
}

/* The folder, if it is ours alone to write to. */
static int folder_open(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    if (fd >= 0 && (fstat(fd, &info) < 0 || info.st_uid != geteuid() || info.st_mode & 022)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int folder_make(const char *folder)
{
    char *parent = base_copy(folder, (size_t)(strrchr(folder, '/') - folder));
    if (mkdir(folder, 0700) < 0 && errno == ENOENT && *parent && !mkdir(parent, 0700))
        mkdir(folder, 0700);
    free(parent);
    return folder_open(folder);
}

unsigned char *cache_file_read(const char *folder, const char *name, size_t most, size_t *bytes)
{
    int at = folder_open(folder);
    int fd = at < 0 ? -1 : openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    unsigned char *data = NULL;
    struct stat info;
    if (fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        !(info.st_mode & 022) && info.st_size > 0 && (uint64_t)info.st_size <= most) {
        *bytes = (size_t)info.st_size;
        data = base_alloc(*bytes, 1);
        size_t done = 0;
        while (done < *bytes) {
            ssize_t n = read(fd, data + done, *bytes - done);
            if (n <= 0)
                break;
            done += (size_t)n;
        }
        if (done < *bytes) {
            free(data);
            data = NULL;
        }
        futimens(fd, NULL);
    }
    if (fd >= 0)
        close(fd);
    if (at >= 0)
        close(at);
    return data;
}

/* ---- the bound ---- */

struct old {
    char name[NAME_MAX + 1];
    uint64_t bytes;
    time_t used;
};

static int old_order(const void *a, const void *b)
{
    const struct old *x = a, *y = b;
    if (x->used != y->used)
        return x->used < y->used ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void folder_prune(int at, uint64_t most)
{
    int copy = dup(at);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (!folder) {
        if (copy >= 0)
            close(copy);
        return;
    }
    struct old *list = NULL;
    size_t count = 0, cap = 0;
    uint64_t total = 0;
    rewinddir(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name), ending = strlen(ENDING);
        bool unfinished = !strncmp(entry->d_name, BEGINNING, strlen(BEGINNING));
        bool ours = length > ending && !strcmp(entry->d_name + length - ending, ENDING);
        struct stat info;
        if ((!unfinished && !ours) || fstatat(at, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (unfinished && info.st_mtime + STALE < time(NULL))
            unlinkat(at, entry->d_name, 0);
        if (!ours)
            continue;
        list = base_room(list, &cap, count + 1, sizeof *list);
        list[count] = (struct old){.bytes = (uint64_t)info.st_size, .used = info.st_mtime};
        strcpy(list[count++].name, entry->d_name);
        total += (uint64_t)info.st_size;
    }
    closedir(folder);
    if (count)
        qsort(list, count, sizeof *list, old_order);
    for (size_t i = 0; i < count && total > most; i++) {
        unlinkat(at, list[i].name, 0);
        total -= list[i].bytes;
    }
    free(list);
}

/* ---- writing ---- */

static bool write_all(int fd, const unsigned char *data, size_t bytes)
{
    while (bytes) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        bytes -= (size_t)n;
    }
    return true;
}

void cache_file_write(const char *folder, const char *name, const void *data, size_t bytes,
                      size_t most)
{
    int at = folder_make(folder);
    if (at < 0)
        return;
    char temporary[64];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(temporary, sizeof temporary, BEGINNING "%ld.%lld.%ld", (long)getpid(),
             (long long)now.tv_sec, now.tv_nsec);
    int fd = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool done = write_all(fd, data, bytes);
        done = !close(fd) && done;
        if (!done || renameat(at, temporary, at, name) < 0)
            unlinkat(at, temporary, 0);
        else
            folder_prune(at, most);
    }
    close(at);
}
