/* SPDX-License-Identifier: MIT */
#include "verbs/self.h"

#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

bool self_path(char out[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (length > 0) {
        out[length] = 0;
        return true;
    }
    const char *given = (const char *)getauxval(AT_EXECFN); /* where /proc is missing */
    return given && *given && realpath(given, out);
}
