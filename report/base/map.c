/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/base.h"

/* Keys and strings come from a log, whose maker may have chosen them to fall on one slot, so that seconds become hours. So a
 * secret of this process decides where they fall. What is shown does not depend on it. */
static uint64_t secret[2] = {0x736f6d6570736575, 0x646f72616e646f6d};

__attribute__((constructor)) static void secret_take(void)
{
    uint64_t bits[2];
    if (getrandom(bits, sizeof bits, GRND_NONBLOCK) == (ssize_t)sizeof bits)
        memcpy(secret, bits, sizeof secret);
}

static uint64_t map_mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15u;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return x ^ x >> 32;
}

uint64_t map_scatter(uint64_t key)
{
    return map_mix(key ^ secret[0]);
}

static struct map_slot *map_find(const struct map *map, uint64_t key)
{
    for (size_t i = map_scatter(key) & map->mask;; i = (i + 1) & map->mask) {
        struct map_slot *slot = &map->slots[i];
        if (!slot->used || slot->key == key)
            return slot;
    }
}

static void map_grow(struct map *map)
{
    struct map old = *map;
    size_t count = old.slots ? (old.mask + 1) * 2 : 64;
    map->slots = base_alloc(count, sizeof *map->slots);
    map->mask = count - 1;
    for (size_t i = 0; old.slots && i <= old.mask; i++)
        if (old.slots[i].used)
            *map_find(map, old.slots[i].key) = old.slots[i];
    free(old.slots);
}

uint32_t *map_at(struct map *map, uint64_t key)
{
    if (!map->slots || map->used * 3 >= map->mask * 2)
        map_grow(map);
    struct map_slot *slot = map_find(map, key);
    if (!slot->used) {
        *slot = (struct map_slot){.key = key, .used = 1};
        map->used++;
    }
    return &slot->value;
}

void map_free(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

uint64_t map_hash(const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    uint64_t hash = 0xcbf29ce484222325u ^ length;
    for (size_t i = 0; i < length; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, length - i < 8 ? length - i : 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    return map_mix(hash);
}

/* ---- SipHash-1-3: without the secret, collisions cannot be made on purpose ---- */

static uint64_t rotated(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotated(v[1], 13) ^ v[0];
    v[3] = rotated(v[3], 16) ^ v[2];
    v[0] = rotated(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotated(v[3], 21) ^ v[0];
    v[1] = rotated(v[1], 17) ^ v[2];
    v[2] = rotated(v[2], 32);
}

uint64_t map_key(const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
                     secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
    for (size_t i = 0; i <= length; i += 8) { /* the last word has what is left, and the length */
        uint64_t word = 0;
        size_t left = length - i;
        memcpy(&word, p + i, left < 8 ? left : 8);
        if (left < 8)
            word |= (uint64_t)length << 56;
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- strings ---- */

uint32_t strings_add(struct strings *strings, const char *text, size_t bytes)
{
    const char *end = memchr(text, 0, bytes);
    if (end)
        bytes = (size_t)(end - text);
    uint32_t *first = map_at(&strings->hashes, map_key(text, bytes));
    for (uint32_t id = *first; id; id = strings->chain[id - 1])
        if (strlen(strings->text[id - 1]) == bytes && !memcmp(strings->text[id - 1], text, bytes))
            return id;
    strings->text = base_room(strings->text, &strings->cap, strings->count + 1, sizeof(char *));
    strings->chain =
        base_room(strings->chain, &strings->chain_cap, strings->count + 1, sizeof(uint32_t));
    strings->text[strings->count] = base_copy(text, bytes);
    strings->chain[strings->count] = *first;
    *first = (uint32_t)++strings->count;
    return *first;
}

const char *strings_get(const struct strings *strings, uint32_t id)
{
    return id && id <= strings->count ? strings->text[id - 1] : NULL;
}

void strings_free(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->text[i]);
    free(strings->text);
    free(strings->chain);
    map_free(&strings->hashes);
    *strings = (struct strings){0};
}
