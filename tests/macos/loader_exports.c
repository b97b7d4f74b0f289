/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "loader.h"

uint64_t read_uleb(const struct image *image, const unsigned char **at, const unsigned char *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    loader_fail(image, "a number has no end");
}

int64_t read_sleb(const struct image *image, const unsigned char **at, const unsigned char *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64;) {
        unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte & 0x80)
            continue;
        if (byte & 0x40 && shift < 64)
            value |= ~(uint64_t)0 << shift;
        return (int64_t)value;
    }
    loader_fail(image, "a number has no end");
}

const char *read_text(const struct image *image, const unsigned char **at, const unsigned char *end)
{
    const char *text = (const char *)*at;
    const unsigned char *nul = *at < end ? memchr(*at, 0, (size_t)(end - *at)) : NULL;
    if (!nul)
        loader_fail(image, "a name has no end");
    *at = nul + 1;
    return text;
}

#define EXPORT_KIND     0x03u
#define EXPORT_REEXPORT 0x08u
#define EXPORT_RESOLVER 0x10u

/* The leaf of the trie for `name`; NULL: none. The edges below a node have no common beginning. */
static const unsigned char *trie_find(const struct image *image, const char *name)
{
    const unsigned char *data = image->exports.data, *end = data + image->exports.bytes, *at = data;
    for (unsigned depth = 0; at < end && depth < 512; depth++) {
        uint64_t leaf = read_uleb(image, &at, end);
        if (!*name)
            return leaf ? at : NULL;
        if (leaf > (uint64_t)(end - at))
            break;
        at += leaf;
        unsigned children = at < end ? *at++ : 0;
        const unsigned char *next = NULL;
        for (unsigned i = 0; i < children && !next; i++) {
            const char *edge = read_text(image, &at, end);
            uint64_t offset = read_uleb(image, &at, end);
            size_t length = strlen(edge);
            if (strncmp(name, edge, length) != 0)
                continue;
            if (offset >= image->exports.bytes)
                loader_fail(image, "the exports trie is cut");
            name += length;
            next = data + offset;
        }
        if (!next)
            return NULL;
        at = next;
    }
    return NULL;
}

static void *symtab_find(const struct image *image, const char *name)
{
    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct macho_symbol *symbol = &image->symbols[i];
        if (symbol->type & MACHO_SYMBOL_DEBUG || !(symbol->type & MACHO_SYMBOL_EXTERNAL) ||
            (symbol->type & MACHO_SYMBOL_KIND) != MACHO_SYMBOL_DEFINED ||
            symbol->name >= image->strings.bytes)
            continue;
        const unsigned char *at = image->strings.data + symbol->name;
        if (!strcmp(read_text(image, &at, image->strings.data + image->strings.bytes), name))
            return (void *)(symbol->value + (uintptr_t)image->slide);
    }
    return NULL;
}

void *image_export(const struct image *image, const char *name)
{
    if (!image->exports.bytes)
        return symtab_find(image, name);
    const unsigned char *at = trie_find(image, name);
    const unsigned char *end = image->exports.data + image->exports.bytes;
    if (!at)
        return NULL;
    uint64_t flags = read_uleb(image, &at, end);
    if (flags & (EXPORT_REEXPORT | EXPORT_RESOLVER) || (flags & EXPORT_KIND) == 1)
        loader_fail(image, "%s is exported in a way that this loader does not do (%#llx)", name,
                    (unsigned long long)flags);
    uint64_t offset = read_uleb(image, &at, end);
    if ((flags & EXPORT_KIND) == 2) /* an absolute value */
        return (void *)offset;
    return image_at(image, image->base + offset, 1);
}

const char *image_nearest(const struct image *image, const void *address, void **start)
{
    uint64_t wanted = (uint64_t)address - (uint64_t)image->slide, best = 0;
    const char *found = NULL;
    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct macho_symbol *symbol = &image->symbols[i];
        if (symbol->type & MACHO_SYMBOL_DEBUG ||
            (symbol->type & MACHO_SYMBOL_KIND) != MACHO_SYMBOL_DEFINED ||
            symbol->name >= image->strings.bytes || symbol->value > wanted || symbol->value < best)
            continue;
        best = symbol->value;
        found = (const char *)image->strings.data + symbol->name;
    }
    *start = found ? (void *)(best + (uint64_t)image->slide) : NULL;
    return found;
}
