/* SPDX-License-Identifier: MIT */
#include "python/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "loader/real.h"

/* A DT_GNU_HASH table: these words, the bloom filter, the buckets, then a word for each symbol from `first` on. */
struct hash {
    uint32_t buckets, first, bloom_words, bloom_shift;
};

/* Written before anybody else looks: by the thread that attaches. */
static struct {
    const struct link_map *map;
    uintptr_t begin, end;
    const ElfW(Sym) * symbols;
    const char *names;
    const struct hash *hash;
    bool pinned;
} library;

/* The loader has made addresses of most of these offsets. */
static uintptr_t address_of(const struct link_map *map, ElfW(Addr) value)
{
    return value < map->l_addr ? map->l_addr + value : value;
}

bool mt_python_library_take(const void *link_map, uintptr_t begin, uintptr_t end)
{
    const struct link_map *map = link_map;
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
    library.map = map;
    library.begin = begin;
    library.end = end;
    library.symbols = (const ElfW(Sym) *)symbols;
    library.names = (const char *)names;
    library.hash = (const struct hash *)hash;
    return true;
}

bool mt_python_library_range(uintptr_t *begin, uintptr_t *end)
{
    if (!library.map)
        return false;
    *begin = library.begin;
    *end = library.end;
    return true;
}

const void *mt_python_library_map(void)
{
    return library.map;
}

static const ElfW(Sym) * find(const char *name)
{
    const struct hash *h = library.hash;
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
        const ElfW(Sym) *symbol = &library.symbols[i];

        if ((there | 1) == (wanted | 1) && symbol->st_shndx != SHN_UNDEF &&
            strcmp(library.names + symbol->st_name, name) == 0)
            return symbol;
        if (there & 1) /* the bucket's last */
            return NULL;
    }
}

void *mt_python_library_symbol(void *handle, const char *name, size_t *bytes)
{
    const ElfW(Sym) *symbol = NULL;
    void *found, *entry = NULL;
    Dl_info info;

    if (library.map) {
        symbol = find(name);
        found = symbol ? (void *)(library.map->l_addr + symbol->st_value) : NULL;
    } else {
        found = dlsym(handle, name);
        if (found && bytes && dladdr1(found, &info, &entry, RTLD_DL_SYMENT))
            symbol = entry;
    }
    if (bytes)
        *bytes = symbol ? symbol->st_size : 0;
    return found;
}

void mt_python_library_pin(void)
{
    if (!library.map || library.pinned)
        return;
    library.pinned = true;
    dlopen(library.map->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    mt_real_forget_error();
}
