/* SPDX-License-Identifier: MIT
 *
 * The log of a program that goes on writing it, as of one instant as far as that can be.
 *
 * The writer enters what is referred to before what refers to it. So the regions are read the other way round, each with the
 * sizes that the header has just before: whatever is referred to is there. Releases are read before what they took away is
 * marked as gone, so that no more is released than has gone; model.c makes up for the difference.
 */
#ifndef READ_SNAPSHOT_H
#define READ_SNAPSHOT_H

#include <stddef.h>

/* `data`: the file's `*bytes` bytes, read without care. Returns them, or in their place (they are freed) what was read with
 * care if the program may still run. Bounded by the file's size; where that fails, what could be read. */
unsigned char *snapshot_take(int fd, unsigned char *data, size_t *bytes);

#endif
