/* SPDX-License-Identifier: MIT */
#include "verbs/python_folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "verbs/self.h"

char *python_folder(void)
{
    static const char *const places[] = {"python", "../lib/memtrace/python"};
    char self[PATH_MAX], path[PATH_MAX + 64], real[PATH_MAX];
    if (!self_path(self)) {
        base_say("where this command lies is not known (/proc/self/exe: %s)", strerror(errno));
        return NULL;
    }
    strrchr(self, '/')[1] = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct stat info;
        snprintf(path, sizeof path, "%s%s/memtrace/__init__.py", self, places[i]);
        if (stat(path, &info) != 0)
            continue;
        snprintf(path, sizeof path, "%s%s", self, places[i]);
        const char *found = realpath(path, real) ? real : path;
        return base_copy(found, strlen(found));
    }
    base_say("the Python module is neither in %s%s nor in %s%s", self, places[0], self, places[1]);
    return NULL;
}

int python_folder_print(void)
{
    char *folder = python_folder();
    if (!folder)
        return STATUS_BAD;
    puts(folder);
    free(folder);
    return STATUS_DONE;
}
