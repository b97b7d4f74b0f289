/* SPDX-License-Identifier: MIT */
#include "base/once.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

const void *once_get(const struct once *once, uint32_t number, size_t *length)
{
    size_t begin = number > 1 ? once->end[number - 2] : 0;
    *length = once->end[number - 1] - begin;
    return once->bytes + begin;
}

uint32_t once_add(struct once *once, const void *bytes, size_t length)
{
    uint32_t *first = map_at(&once->hashes, map_key(bytes, length));
    for (uint32_t number = *first; number; number = once->chain[number - 1]) {
        size_t known_length;
        const void *known = once_get(once, number, &known_length);
        if (known_length == length && (!length || !memcmp(known, bytes, length)))
            return number;
    }
    size_t count = once->count++;
    once->bytes = base_room(once->bytes, &once->cap, once->used + length + 1, 1);
    once->end = base_room(once->end, &once->end_cap, count + 1, sizeof *once->end);
    once->chain = base_room(once->chain, &once->chain_cap, count + 1, sizeof *once->chain);
    if (length)
        memcpy(once->bytes + once->used, bytes, length);
    once->used += length;
    once->end[count] = once->used;
    once->chain[count] = *first;
    *first = (uint32_t)count + 1;
    return (uint32_t)count + 1;
}

void once_free(struct once *once)
{
    free(once->bytes);
    free(once->end);
    free(once->chain);
    map_free(&once->hashes);
    *once = (struct once){0};
}
