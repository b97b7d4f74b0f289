/* SPDX-License-Identifier: MIT
 *
 * Files whose names come from a log. A log may name anything. Only regular files are opened: opening a device or a FIFO can have
 * effects.
 */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Open for reading; `folder` as with openat. -1 with errno set if it can't be opened, with errno 0 if it is
 * not a regular file. */
int file_open(int folder, const char *path, struct stat *info);
/* Read from the file's start on, into data[0..bytes): the number of bytes read. Fewer than asked for: with
 * errno set after an error, with errno 0 at the end of the file. */
size_t file_read(int fd, void *data, size_t bytes);
/* The same from `offset` on; and how large the file is now. */
size_t file_read_at(int fd, void *data, size_t bytes, uint64_t offset);
size_t file_size(int fd);

#endif
