/* SPDX-License-Identifier: MIT
 *
 * What is about to run: can this library be preloaded there? Looks at the file as the kernel will.
 */
#ifndef MT_EXEC_TARGET_H
#define MT_EXEC_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "process/untraced.h"

/* Look at the file `path` in `folder` (as for openat), or at the open file `folder` where `path` is
 * "". The interpreter of a script counts for the script. MT_TRACED: nothing speaks against it, or it
 * can't be found out. `detail` gets the loader's name with MT_UNTRACED_LIBC, else "". Allocates
 * nothing, takes no lock; uses one descriptor for as long, and about 700 bytes of the stack. */
enum mt_untraced mt_exec_target(int folder, const char *path, char *detail, size_t bytes);
/* The same for the file that execvp would find for `name`. */
enum mt_untraced mt_exec_target_found(const char *name, char *detail, size_t bytes);

#endif
