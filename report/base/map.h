/* SPDX-License-Identifier: MIT
 *
 * Small tables: a map from 64-bit keys to 32-bit values, and a set of strings that gives each a
 * number.
 */
#ifndef MAP_H
#define MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t key;
    uint32_t value;
    uint32_t used;
};
struct map {
    struct map_slot *slots;
    size_t mask; /* slots - 1, a power of two less one */
    size_t used;
};

/* The place for `key`'s value; when the key is new it is added with value 0. Valid until the next
 * call. A zeroed map is an empty one. */
uint32_t *map_at(struct map *map, uint64_t key);
void map_free(struct map *map);

/* Strings without a NUL in them, each once, numbered 1, 2, ... in order of arrival; 0 stands for
 * "no string". */
struct strings {
    char **text;
    size_t count, cap;
    struct map hashes; /* hash -> first string of that hash */
    uint32_t *chain;   /* next of the same hash */
    size_t chain_cap;
};
uint32_t strings_add(struct strings *strings, const char *text, size_t bytes);
/* NULL for 0. */
const char *strings_get(const struct strings *strings, uint32_t id);
void strings_free(struct strings *strings);

/* A key for map_at, made of several words or a text. It differs from process to process. Two different inputs can have the same
 * key by chance, so compare them. */
uint64_t map_key(const void *bytes, size_t length);
/* Where a key falls in a table of the caller's own: evenly over all 64 bits, and differently from process to process. */
uint64_t map_scatter(uint64_t key);
/* A checksum for files: the same on every machine of one byte order. */
uint64_t map_hash(const void *bytes, size_t length);

#endif
