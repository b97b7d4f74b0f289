/* SPDX-License-Identifier: MIT
 *
 * A library's symbols. The loader is asked as long as that is possible. A library that is met
 * inside an allocation, where the loader's lock may be out of reach, is searched by its own tables.
 * The file is chosen by the object format: library_elf.c.
 */
#ifndef MT_LIBRARY_H
#define MT_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_library {
    void *scope;          /* where dlsym looks, until mt_library_take */
    const void *handle;   /* struct mt_object's; NULL: not taken */
    uintptr_t begin, end; /* its memory, once taken */
    /* For library_elf.c alone: */
    const void *symbols, *hash;
    const char *names;
    bool pinned;
};

/* From now on symbols are looked for in the tables of this loaded object, whose memory is [begin,
 * end). False: its tables are not of the known form, and nothing is changed. Calls nothing of the
 * loader's. By one thread, before others look. */
bool mt_library_take(struct mt_library *l, const void *handle, uintptr_t begin, uintptr_t end);

/* The symbol's address, NULL if there is none. *bytes (if not NULL): its size, 0 where it is not
 * known. Before mt_library_take the loader is called: guard set, no lock held. Afterwards nothing
 * is called: any thread. */
void *mt_library_symbol(const struct mt_library *l, const char *name, size_t *bytes);

/* The code of a function that dlsym found by this name: [begin, end). False: not known. By the hash table of its object; where that
 * is not of the known form the loader is asked, who reads all symbols: guard set, no lock held. */
bool mt_library_code(void *function, const char *name, uintptr_t *begin, uintptr_t *end);

/* Before a dlclose: a library that was taken stays loaded. Calls the loader, once: guard set, no
 * lock held. */
void mt_library_pin(struct mt_library *l);

#endif
