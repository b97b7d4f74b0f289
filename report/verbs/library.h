/* SPDX-License-Identifier: MIT
 *
 * The library that is preloaded.
 */
#ifndef VERBS_LIBRARY_H
#define VERBS_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

/* Find libmemtrace.so: in `out`, an absolute path that LD_PRELOAD can hold. Where its own has a blank
 * or a colon, that is a link in a folder that only this user can write to; the folder stays, for the
 * next time. False after a message. */
bool library_find(char out[PATH_MAX]);

#endif
