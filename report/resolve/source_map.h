/* SPDX-License-Identifier: MIT
 *
 * Where sources are now that were elsewhere when the program was built or run: what --source-map says.
 */
#ifndef SOURCE_MAP_H
#define SOURCE_MAP_H

#include <stdbool.h>

#define SOURCE_MAPS_MAX 16u

/* `text` is OLD=NEW, two folders or files; it stays the caller's. False, with errno: EINVAL, it is not that; ENOSPC, there are
 * SOURCE_MAPS_MAX. For all logs from now on; the first one that fits a path counts. */
bool source_map_add(const char *text);
/* Where `path` is now, to be freed; NULL: nothing was said of it. `folder`: where relative paths begin; may be NULL. */
char *source_map(const char *folder, const char *path);
/* The same, and of which nothing was said: the path itself, below `folder` if it is relative. To be freed. */
char *source_now(const char *folder, const char *path);

#endif
