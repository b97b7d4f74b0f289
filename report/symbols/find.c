/* SPDX-License-Identifier: MIT */
#include "symbols/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"
#include "symbols/debuginfod.h"
#include "symbols/folder.h"

#define SEARCHED_MAX 16u
#define NEAR_MAX     4u

static const struct folder_bounds flat = {.depth = 0, .files = 200000, .hidden = true};
static const struct folder_bounds deep = {.depth = 32, .files = 200000, .hidden = true};
static const struct folder_bounds near = {.depth = 5, .files = 50000, .hidden = false};

/* Those of --search: for all logs. */
static struct {
    const char *path;
    struct folder folder;
} searched[SEARCHED_MAX];
static size_t searched_count;

static const char *sysroot; /* NULL: none */

struct find {
    char *path[NEAR_MAX];
    struct folder folder[NEAR_MAX];
    size_t count;
};

static bool is_folder(const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(info.st_mode);
}

bool find_sysroot(const char *folder)
{
    if (!is_folder(folder))
        return false;
    sysroot = folder;
    return true;
}

bool find_search(const char *folder)
{
    if (!is_folder(folder))
        return false;
    errno = ENOSPC;
    if (searched_count == SEARCHED_MAX)
        return false;
    searched[searched_count++].path = folder;
    return true;
}

struct find *find_make(void)
{
    debuginfod_begin_here();
    return base_alloc(1, sizeof(struct find));
}

void find_near(struct find *find, const char *folder)
{
    for (size_t i = 0; folder && i < find->count; i++)
        if (!strcmp(find->path[i], folder))
            return;
    if (folder && *folder && find->count < NEAR_MAX)
        find->path[find->count++] = base_copy(folder, strlen(folder));
}

/* As Debian, Fedora and others lay it out; NULL: it is not there. */
static char *in_debug_folder(const unsigned char *build_id, size_t bytes)
{
    char path[256];
    int used = snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%02x/", build_id[0]);
    if (bytes < 2 || bytes > 64)
        return NULL;
    for (size_t i = 1; i < bytes; i++)
        used += sprintf(path + used, "%02x", build_id[i]);
    strcpy(path + used, ".debug");
    return access(path, R_OK) ? NULL : base_copy(path, strlen(path));
}

/* A file with this build-id in the folder of the sysroot that has this one; NULL: there is none. To be freed. */
static char *beside_in_sysroot(const char *path, const unsigned char *build_id, size_t bytes,
                               bool debug)
{
    const char *slash = strrchr(path, '/');
    struct folder folder = {0};
    if (path[0] != '/')
        return NULL;
    char *whole = base_alloc(strlen(sysroot) + strlen(path) + 1, 1);
    sprintf(whole, "%s%.*s", sysroot, (int)(slash - path), path);
    folder_read(&folder, whole, &flat);
    const char *found = folder_find(&folder, slash + 1, build_id, bytes, debug);
    char *copy = found ? realpath(found, NULL) : NULL;
    folder_free(&folder);
    free(whole);
    return copy;
}

static char *in_sysroot(const char *path, const unsigned char *build_id, size_t bytes, bool debug)
{
    char name[256];
    int used = snprintf(name, sizeof name, "/usr/lib/debug/.build-id/%02x/", build_id[0]);
    if (!sysroot || bytes < 2 || bytes > 64)
        return NULL;
    char *found = beside_in_sysroot(path, build_id, bytes, debug);
    for (size_t i = 1; i < bytes; i++)
        used += sprintf(name + used, "%02x", build_id[i]);
    return found ? found : beside_in_sysroot(name, build_id, bytes, debug);
}

static const char *in_searched(size_t i, const unsigned char *build_id, size_t bytes, bool debug)
{
    struct folder *folder = &searched[i].folder;
    bool first = !folder->read;
    char number[TEXT_COUNT_BYTES];
    folder_read(folder, searched[i].path, &deep);
    if (first && folder->cut)
        base_say("--search %s: there are more than %s files below it; the rest was not looked at",
                 searched[i].path, text_count(number, deep.files));
    return folder_find(folder, NULL, build_id, bytes, debug);
}

char *find_file(struct find *find, const char *path, const unsigned char *build_id,
                size_t build_id_bytes, bool debug, struct progress *progress)
{
    const char *slash = strrchr(path, '/'), *found = NULL;
    if (!build_id_bytes)
        return NULL;
    char *whole = in_sysroot(path, build_id, build_id_bytes, debug);
    if (!whole)
        whole = in_debug_folder(build_id, build_id_bytes);
    if (!whole)
        whole = debuginfod_file(build_id, build_id_bytes, progress);
    if (whole)
        return whole;
    for (size_t i = 0; i < searched_count && !found; i++)
        found = in_searched(i, build_id, build_id_bytes, debug);
    for (size_t i = 0; i < find->count && !found && !debug; i++) {
        folder_read(&find->folder[i], find->path[i], &near);
        found = folder_find(&find->folder[i], slash ? slash + 1 : path, build_id, build_id_bytes,
                            debug);
    }
    return found ? realpath(found, NULL) : NULL;
}

void find_free(struct find *find)
{
    for (size_t i = 0; i < find->count; i++) {
        free(find->path[i]);
        folder_free(&find->folder[i]);
    }
    free(find);
}
