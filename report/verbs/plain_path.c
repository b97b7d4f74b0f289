/* SPDX-License-Identifier: MIT */
#include "verbs/plain_path.h"

#include <errno.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/map.h"

/* Nobody else can put anything into the folder, or put another in its place (/tmp is sticky). */
static bool make_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, 0700) && errno != EEXIST)
        return false;
    if (lstat(path, &info))
        return false;
    if (S_ISDIR(info.st_mode) && info.st_uid == geteuid() && !(info.st_mode & 077))
        return true;
    errno = EPERM;
    return false;
}

static bool leads_to(const char *link, const char *library)
{
    char target[PATH_MAX];
    ssize_t bytes = readlink(link, target, sizeof target);
    return bytes == (ssize_t)strlen(library) && !memcmp(target, library, (size_t)bytes);
}

/* Another process may make the same link at the same time: each makes one of its own, and renames it. */
static bool make_link(const char *link, const char *library)
{
    char fresh[PATH_MAX];
    if (leads_to(link, library))
        return true;
    int length = snprintf(fresh, sizeof fresh, "%s.%ld", link, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof fresh)
        return false;
    unlink(fresh);
    return !symlink(library, fresh) && !rename(fresh, link);
}

bool plain_path(const char *library, char out[PATH_MAX])
{
    char folder[64];
    size_t length = strlen(library);
    if (!strpbrk(library, " :")) {
        memcpy(out, library, length + 1);
        return true;
    }
    snprintf(folder, sizeof folder, "/tmp/memtrace-%ld", (long)geteuid());
    if (make_folder(folder)) {
        snprintf(out, PATH_MAX, "%s/%016" PRIx64, folder, map_hash(library, length));
        size_t used = strlen(out);
        if (make_folder(out)) {
            snprintf(out + used, PATH_MAX - used, "/libmemtrace.so");
            if (make_link(out, library))
                return true;
        }
    }
    base_say(
        "%s: a path with a blank or a colon cannot be preloaded, and a link to it in %s cannot "
        "be made: %s; MEMTRACE_LIBRARY can name a copy elsewhere",
        library, folder, strerror(errno));
    return false;
}
