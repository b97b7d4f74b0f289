/* SPDX-License-Identifier: MIT */
#include "verbs/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static char *path_join(const char *folder, size_t length, const char *name)
{
    size_t bytes = length + strlen(name) + 3;
    char *path = base_alloc(bytes, 1);
    snprintf(path, bytes, "%.*s/%s", length ? (int)length : 1, length ? folder : ".", name);
    return path;
}

bool program_is_executable(const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return false;
    if (!S_ISREG(info.st_mode)) {
        errno = EACCES;
        return false;
    }
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

char *program_find(const char *name)
{
    if (strchr(name, '/') || !*name) {
        errno = ENOENT;
        return *name ? base_copy(name, strlen(name)) : NULL;
    }
    const char *path = getenv("PATH");
    int why = ENOENT;
    for (const char *p = path ? path : "/bin:/usr/bin"; p;) {
        size_t length = strcspn(p, ":");
        char *candidate = path_join(p, length, name);
        if (program_is_executable(candidate))
            return candidate;
        if (errno == EACCES)
            why = EACCES;
        free(candidate);
        p = p[length] ? p + length + 1 : NULL;
    }
    errno = why;
    return NULL;
}
