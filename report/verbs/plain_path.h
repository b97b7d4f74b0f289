/* SPDX-License-Identifier: MIT
 *
 * A path that LD_PRELOAD can hold: the loader splits it at blanks and colons, and there is no escape.
 */
#ifndef VERBS_PLAIN_PATH_H
#define VERBS_PLAIN_PATH_H

#include <limits.h>
#include <stdbool.h>

/* The library's absolute path, or one of a link to it. Such links lie in a folder below /tmp that belongs to this user alone, and stay there,
 * as children may be started at any time. False after a message. */
bool plain_path(const char *library, char out[PATH_MAX]);

#endif
