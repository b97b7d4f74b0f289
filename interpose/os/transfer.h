/* SPDX-License-Identifier: MIT
 *
 * What os.h has of whole transfers is made of single calls, which each system has in its own way. For os/ alone; any thread, no lock.
 */
#ifndef MT_TRANSFER_H
#define MT_TRANSFER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One call: up to so many bytes, to or from this offset. How many, or -errno. */
ssize_t mt_os_write_part(int fd, const void *data, size_t bytes, uint64_t offset);
ssize_t mt_os_read_part(int fd, void *to, size_t bytes, uint64_t offset);

/* Zeros take the space, and a full disk says so here and not by SIGBUS. 0 or -errno. */
int mt_os_write_zeros(int fd, uint64_t offset, uint64_t bytes);

/* From the descriptor's position, as long as there is something and room for it: how many bytes. */
size_t mt_os_read_rest(int fd, void *to, size_t bytes);

#endif
