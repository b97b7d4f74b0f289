/* SPDX-License-Identifier: MIT
 *
 * The cache's files as such: where they are, whole files in and out, the bound on all of them.
 */
#ifndef CACHE_FILE_H
#define CACHE_FILE_H

#include <stddef.h>

/* The folder's path, to be freed; NULL: no cache is wanted or there is no place for it. */
char *cache_folder(void);
/* The bytes of a file in the folder, to be freed; NULL if it is not there, not ours, others may
 * write to it, or it is longer than `most`. Marks it as used now. */
unsigned char *cache_file_read(const char *folder, const char *name, size_t most, size_t *bytes);
/* Write a file as a whole: another process sees the old one or the new one. Makes the folder.
 * Without effect if that can't be done. Removes the oldest files while all take more than `most`. */
void cache_file_write(const char *folder, const char *name, const void *data, size_t bytes,
                      size_t most);

#endif
