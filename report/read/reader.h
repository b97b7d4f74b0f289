/* SPDX-License-Identifier: MIT
 *
 * Reading a log: from a file, or from memory. Memory is bounded by the file's size.
 */
#ifndef READ_READER_H
#define READ_READER_H

#include "read/log.h"

/* Read a log from memory, which stays the caller's, aligned to 16 bytes, and must outlive `log`. False: it is no log at all;
 * problems[0] says why. Problems of a log that was read in part are in problems too. Never prints, never exits but for want of
 * memory. log_close in any case. */
bool log_parse(struct log *log, const char *name, const void *data, size_t bytes);
/* The same from a file. `name` stays the caller's and must outlive `log`. */
bool log_read(struct log *log, const char *name);
void log_close(struct log *log);

/* Does the open file begin as a log does? False with errno 0: it does not, else why it can't be read. */
bool log_begins(int fd);
/* The same of the file with this path. False: or it can't be opened. Never waits. */
bool log_is(const char *path);

#endif
