/* SPDX-License-Identifier: MIT
 *
 * Local symbols, which dlsym doesn't know.
 */
#ifndef MT_SYMBOL_H
#define MT_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

/* The function in the ELF file `path` whose symbol is `name` or `name`.SUFFIX: its [begin, end) as link-time addresses.
 * False: the file is stripped, or not to be read. Reads the symbol table (about 1 ms); guard set. */
bool mt_symbol_in_file(const char *path, const char *name, uintptr_t *begin, uintptr_t *end);

#endif
