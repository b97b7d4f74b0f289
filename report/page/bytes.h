/* SPDX-License-Identifier: MIT
 *
 * Bytes that grow, and numbers in them.
 */
#ifndef PAGE_BYTES_H
#define PAGE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct bytes {
    unsigned char *data;
    size_t count, cap;
};

/* Append data[0..count). */
void bytes_add(struct bytes *bytes, const void *data, size_t count);
/* Append a number: seven bits a byte, the lowest first, the highest bit of a byte set where more follow. */
void bytes_number(struct bytes *bytes, uint64_t value);
/* Append a number that may be negative: 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
void bytes_signed(struct bytes *bytes, int64_t value);
/* Free what it holds; it is empty then. */
void bytes_free(struct bytes *bytes);

/* The container of a page: 16 bytes, each number of four with the lowest byte first ("MTP1", the body's length, its CRC-32, the
 * packed length), then the body as a raw deflate stream. `level`: zlib's, from 1 to 9. The body must be shorter than 4 GiB. To be
 * freed. */
#define PACK_HEAD 16u
struct bytes bytes_pack(const struct bytes *body, int level);
/* Write them in base64, in one line. */
void bytes_base64(const struct bytes *bytes, FILE *out);

#endif
