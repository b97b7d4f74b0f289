/* SPDX-License-Identifier: MIT
 *
 * ELF, with the loader's struct link_map.
 */
#include "loader/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/libc.h"
#include "loader/object.h"
#include "loader/real.h"

/* A DT_GNU_HASH table: these words, the bloom filter, the buckets, then a word for each symbol from
 * `first` on. */
struct hash {
    uint32_t buckets, first, bloom_words, bloom_shift;
};

/* The loader has replaced most of these offsets by addresses. */
static uintptr_t address_of(const struct link_map *map, ElfW(Addr) value)
{
    return value < map->l_addr ? map->l_addr + value : value;
}

bool mt_library_take(struct mt_library *l, const void *handle, uintptr_t begin, uintptr_t end)
{
    const struct link_map *map = handle;
    uintptr_t symbols = 0, names = 0, hash = 0;

    for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB)
            symbols = address_of(map, d->d_un.d_ptr);
        else if (d->d_tag == DT_STRTAB)
            names = address_of(map, d->d_un.d_ptr);
        else if (d->d_tag == DT_GNU_HASH)
            hash = address_of(map, d->d_un.d_ptr);
    }
    if (symbols < begin || symbols >= end || names < begin || names >= end || hash < begin ||
        hash >= end || !((const struct hash *)hash)->buckets)
        return false;
    l->handle = map;
    l->begin = begin;
    l->end = end;
    l->symbols = (const void *)symbols;
    l->names = (const char *)names;
    l->hash = (const void *)hash;
    return true;
}

static const ElfW(Sym) * find(const struct mt_library *l, const char *name)
{
    const struct hash *h = l->hash;
    const uint32_t *buckets = (const uint32_t *)((const ElfW(Addr) *)(h + 1) + h->bloom_words);
    const uint32_t *chain = buckets + h->buckets;
    uint32_t wanted = 5381, i;

    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        wanted = wanted * 33 + *c;
    i = buckets[wanted % h->buckets];
    if (i < h->first)
        return NULL;
    for (;; i++) {
        uint32_t there = chain[i - h->first];
        const ElfW(Sym) *symbol = (const ElfW(Sym) *)l->symbols + i;

        if ((there | 1) == (wanted | 1) && symbol->st_shndx != SHN_UNDEF &&
            strcmp(l->names + symbol->st_name, name) == 0)
            return symbol;
        if (there & 1) /* the bucket's last */
            return NULL;
    }
}

void *mt_library_symbol(const struct mt_library *l, const char *name, size_t *bytes)
{
    const struct link_map *map = l->handle;
    const ElfW(Sym) *symbol = NULL;
    void *found;
    Dl_info info;

    if (map) {
        symbol = find(l, name);
        found = symbol ? (void *)(map->l_addr + symbol->st_value) : NULL;
    } else {
        found = dlsym(l->scope, name);
        if (found && bytes && !mt_libc_describe(found, &info, &symbol))
            symbol = NULL;
    }
    if (bytes)
        *bytes = symbol ? symbol->st_size : 0;
    return found;
}

bool mt_library_code(void *function, const char *name, uintptr_t *begin, uintptr_t *end)
{
    struct mt_library library = {.handle = NULL};
    struct mt_object object;
    const ElfW(Sym) *symbol = NULL;
    Dl_info info;

    if (function && mt_object_at((uintptr_t)function, &object) &&
        mt_library_take(&library, object.handle, object.begin, object.end))
        symbol = find(&library, name);
    if (!symbol || object.base + symbol->st_value != (uintptr_t)function) { /* another version's */
        symbol = NULL;
        if (!function || !mt_libc_describe(function, &info, &symbol) || !symbol ||
            info.dli_saddr != function)
            return false;
    }
    *begin = (uintptr_t)function;
    *end = *begin + symbol->st_size;
    return symbol->st_size != 0;
}

void mt_library_pin(struct mt_library *l)
{
    if (!l->handle || l->pinned)
        return;
    l->pinned = true;
    dlopen(((const struct link_map *)l->handle)->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    mt_real_forget_error();
}
