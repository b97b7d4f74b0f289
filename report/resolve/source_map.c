/* SPDX-License-Identifier: MIT */
#include "resolve/source_map.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static struct {
    const char *old, *new;
    size_t old_bytes; /* without slashes at the end */
} maps[SOURCE_MAPS_MAX];
static size_t map_count;

bool source_map_add(const char *text)
{
    const char *equals = strchr(text, '=');
    errno = EINVAL;
    if (!equals || equals == text || !equals[1])
        return false;
    errno = ENOSPC;
    if (map_count == SOURCE_MAPS_MAX)
        return false;
    size_t bytes = (size_t)(equals - text);
    while (bytes && text[bytes - 1] == '/')
        bytes--;
    maps[map_count].old = text;
    maps[map_count].old_bytes = bytes;
    maps[map_count++].new = equals + 1;
    return true;
}

static char *joined(const char *front, const char *slash, const char *path)
{
    char *whole = base_alloc(strlen(front) + strlen(slash) + strlen(path) + 1, 1);
    sprintf(whole, "%s%s%s", front, slash, path);
    return whole;
}

static char *before(const char *folder, const char *path)
{
    return path[0] == '/' || !folder ? base_copy(path, strlen(path)) : joined(folder, "/", path);
}

char *source_map(const char *folder, const char *path)
{
    if (!map_count)
        return NULL;
    char *whole = before(folder, path);
    char *now = NULL;
    for (size_t i = 0; i < map_count && !now; i++) {
        const char *rest = whole + maps[i].old_bytes;
        if (!strncmp(whole, maps[i].old, maps[i].old_bytes) && (!*rest || *rest == '/'))
            now = joined(maps[i].new, "", rest);
    }
    free(whole);
    return now;
}

char *source_now(const char *folder, const char *path)
{
    char *mapped = source_map(folder, path);
    return mapped ? mapped : before(folder, path);
}
