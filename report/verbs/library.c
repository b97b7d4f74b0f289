/* SPDX-License-Identifier: MIT */
#include "verbs/library.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "verbs/self.h"

#define SPLITS " \t\n:" /* the loader splits LD_PRELOAD there, without an escape */

static bool is_file(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISREG(info.st_mode);
}

static bool find(char out[PATH_MAX])
{
    const char *given = getenv("MEMTRACE_LIBRARY");
    if (given && *given) {
        if (realpath(given, out) && is_file(out))
            return true;
        base_say("MEMTRACE_LIBRARY: %s: %s", given, strerror(errno));
        return false;
    }
    char self[PATH_MAX];
    if (!self_path(self)) {
        base_say("where this command lies is not known (/proc/self/exe: %s); MEMTRACE_LIBRARY can "
                 "name the library",
                 strerror(errno));
        return false;
    }
    *strrchr(self, '/') = 0;
    static const char *const places[] = {"", "/../lib", "/../lib/memtrace"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s%s/libmemtrace.so", self, places[i]);
        if (realpath(path, out) && is_file(out))
            return true;
    }
    base_say(
        "libmemtrace.so is neither beside %s/memtrace nor in ../lib; MEMTRACE_LIBRARY can name it",
        self);
    return false;
}

/* Nobody else may put anything into the folder. */
static bool is_ours_alone(const char *folder)
{
    struct stat info;
    return !lstat(folder, &info) && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
           !(info.st_mode & (S_IWGRP | S_IWOTH));
}

/* A link for the library in `folder`, which bears a hash of its path: libraries of other places have
 * other links. */
static bool make_link(const char *folder, const char *library, char out[PATH_MAX])
{
    char there[PATH_MAX], fresh[PATH_MAX];
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (const char *c = library; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    if (snprintf(out, PATH_MAX, "%s/libmemtrace-%016llx.so", folder, (unsigned long long)hash) >=
        PATH_MAX - 24)
        return false;
    ssize_t length = readlink(out, there, sizeof there - 1);
    if (length > 0 && (size_t)length == strlen(library) && !memcmp(there, library, (size_t)length))
        return true;
    snprintf(fresh, sizeof fresh, "%.*s.%ld", PATH_MAX - 24, out, (long)getpid());
    unlink(fresh);
    return !symlink(library, fresh) && !rename(fresh, out);
}

/* One folder for all runs of this user; where somebody else was there first, a fresh one. */
static bool link_in(const char *above, const char *library, char out[PATH_MAX])
{
    char folder[PATH_MAX];
    if (!above || *above != '/' || strpbrk(above, SPLITS) ||
        snprintf(folder, sizeof folder, "%s/memtrace-%ld", above, (long)geteuid()) >=
            (int)sizeof folder - 8)
        return false;
    if (mkdir(folder, 0755) && errno != EEXIST)
        return false;
    if (!is_ours_alone(folder)) {
        strcat(folder, "-XXXXXX");
        if (!mkdtemp(folder))
            return false;
    }
    return make_link(folder, library, out);
}

bool library_find(char out[PATH_MAX])
{
    char library[PATH_MAX];
    if (!find(out))
        return false;
    if (!strpbrk(out, SPLITS))
        return true;
    strcpy(library, out);
    const char *const places[] = {getenv("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (link_in(places[i], library, out))
            return true;
    base_say(
        "%s: LD_PRELOAD cannot hold a path with a blank or a colon, and a link to it cannot be "
        "made in /tmp: %s",
        library, strerror(errno));
    return false;
}
