/* SPDX-License-Identifier: MIT
 *
 * Parts of a log's file as one piece of memory, without a copy of them. For read/ alone.
 */
#ifndef READ_MAPPED_H
#define READ_MAPPED_H

#include <stddef.h>
#include <stdint.h>

struct mapped_part {
    uint64_t offset,
        bytes; /* in the file; both whole pages of 4,096 bytes, but for the last part's bytes */
};

/* The parts one behind the other, to be read only, and given to mapped_free; *bytes is for that. They must lie in the file. NULL, and
 * *bytes as it was: this file or machine can't. Where the file becomes shorter before mapped_free, reading what is gone ends the
 * program with STATUS_BAD and a message. What stands there may change as long as somebody writes: check what was taken out, not what
 * is there. */
const unsigned char *mapped_make(int fd, const struct mapped_part *parts, size_t count,
                                 size_t *bytes);
/* Give its memory back until it is read again. */
void mapped_rest(const unsigned char *data, size_t bytes);
void mapped_free(const unsigned char *data, size_t bytes);

#endif
