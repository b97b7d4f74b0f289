/* SPDX-License-Identifier: MIT
 *
 * Pieces of bytes, each kept once.
 */
#ifndef BASE_ONCE_H
#define BASE_ONCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

/* Begins zeroed. */
struct once {
    unsigned char *bytes; /* all pieces, back to back */
    size_t used, cap;
    size_t *end; /* of piece number i + 1 in bytes */
    size_t count, end_cap;
    struct map hashes; /* hash -> first piece of that hash */
    uint32_t *chain;   /* next of the same hash */
    size_t chain_cap;
};

/* The piece's number, 1, 2, ... in order of arrival. */
uint32_t once_add(struct once *once, const void *bytes, size_t length);
/* The piece of that number, its length in *length. It is not aligned, and valid until the next one is added. */
const void *once_get(const struct once *once, uint32_t number, size_t *length);
void once_free(struct once *once);

#endif
