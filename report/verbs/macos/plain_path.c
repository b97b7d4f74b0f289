/* SPDX-License-Identifier: MIT
 *
 * dyld splits DYLD_INSERT_LIBRARIES at colons alone, and there is no escape.
 */
#include "verbs/plain_path.h"

#include <string.h>

#include "base/base.h"

bool plain_path(const char *library, char out[PATH_MAX])
{
    if (strchr(library, ':')) {
        base_say("%s: has a colon in its path, at which dyld splits DYLD_INSERT_LIBRARIES",
                 library);
        return false;
    }
    memcpy(out, library, strlen(library) + 1);
    return true;
}
