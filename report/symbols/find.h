/* SPDX-License-Identifier: MIT
 *
 * A module's file, or one with its debug information, that is not where the module was: found by its build-id. In this order:
 *
 *   the folder of --sysroot: where the module was, and usr/lib/debug/.build-id, below it
 *   /usr/lib/debug/.build-id
 *   debuginfod, if the environment names servers (debuginfod.h)
 *   the folders of --search, with all that is below them
 *   a log's own folder and the process's working folder, and what is close below: files of the module's name only, and
 *     not for debug information alone, which most libraries of a system lack
 *
 * Folders are gone through once, at the first look-up that gets that far, and links to folders are not followed. Used by one thread.
 */
#ifndef SYMBOLS_FIND_H
#define SYMBOLS_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/progress.h"

/* What --search names: for all logs from now on. False, with errno: it is no folder. The text stays the caller's. */
bool find_search(const char *folder);

/* What --sysroot names, likewise; the last one counts. */
bool find_sysroot(const char *folder);

struct find;
/* Never NULL; find_free afterwards. */
struct find *find_make(void);
/* Look in this folder, too; NULL or "": nothing. It is copied. */
void find_near(struct find *find, const char *folder);
/* Absolute path of a file with this build-id, with debug information if there is one; NULL: there is none. `path`: where the module was.
 * `debug`: only one with debug information will do. To be freed. */
char *find_file(struct find *find, const char *path, const unsigned char *build_id,
                size_t build_id_bytes, bool debug, struct progress *progress);
void find_free(struct find *find);

#endif
