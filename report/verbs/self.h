/* SPDX-License-Identifier: MIT
 *
 * Where this command lies, and with it the library and the Python module.
 */
#ifndef VERBS_SELF_H
#define VERBS_SELF_H

#include <limits.h>
#include <stdbool.h>

/* This command's own file. False: not known, with errno. */
bool self_path(char out[PATH_MAX]);

#endif
