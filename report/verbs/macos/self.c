/* SPDX-License-Identifier: MIT */
#include "verbs/self.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <stdlib.h>

bool self_path(char out[PATH_MAX])
{
    char given[PATH_MAX];
    uint32_t bytes = sizeof given;
    if (_NSGetExecutablePath(given, &bytes) != 0) {
        errno = ENAMETOOLONG;
        return false;
    }
    return realpath(given, out);
}
