/* SPDX-License-Identifier: MIT
 *
 * The interpreter's symbols: from the loader when the process starts, and from the library's own tables when it is met
 * later, inside an allocation, where the loader's lock may be out of reach.
 */
#ifndef MT_PYTHON_LIBRARY_H
#define MT_PYTHON_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where symbols are looked for from now on, instead of the loader's scopes: in the library whose link_map this is, whose
 * memory is [begin, end). False: its tables are not as they are known, and nothing is changed. Calls nothing. */
bool mt_python_library_take(const void *map, uintptr_t begin, uintptr_t end);

/* Its memory; false if mt_python_library_take was not called. */
bool mt_python_library_range(uintptr_t *begin, uintptr_t *end);

/* In place of dlsym: `handle` is used until mt_python_library_take. *bytes (if not NULL): the symbol's size, where it is
 * told. Calls the loader until then, and nothing afterwards. */
void *mt_python_library_symbol(void *handle, const char *name, size_t *bytes);

/* Before a dlclose: the library taken stays, since we read its data. Calls the loader, once. */
void mt_python_library_pin(void);

/* The link_map, NULL if none was taken. */
const void *mt_python_library_map(void);

#endif
