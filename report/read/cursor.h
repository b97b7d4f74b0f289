/* SPDX-License-Identifier: MIT
 *
 * Bounded reads. A cursor knows the file's name, where in the file its bytes stand and whether it
 * has failed already: after the first failure every read fails, and there is one message for it.
 */
#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    const unsigned char *data;
    size_t bytes;
    size_t at;           /* next byte to read */
    const char *failure; /* why the first failed read failed, NULL: none has */
    size_t failed_at;    /* where it stood */
};

/* Start at the first of data[0..bytes); the memory stays the caller's. */
void cursor_open(struct cursor *cursor, const void *data, size_t bytes);
/* The next `bytes` bytes, or NULL (then `what` is the failure's text). Does not copy, implies no
 * alignment. */
const void *cursor_bytes(struct cursor *cursor, size_t bytes, const char *what);
/* Copy the next `bytes` bytes to `out`; false and `out` all zero when they are not there. */
bool cursor_read(struct cursor *cursor, void *out, size_t bytes, const char *what);
/* Fail for a reason of the caller's, at the present place. Always false. */
bool cursor_fail(struct cursor *cursor, const char *why);

#endif
