/* SPDX-License-Identifier: MIT
 *
 * Local symbols, which dlsym does not know.
 */
#ifndef MT_SYMBOL_H
#define MT_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

/* Find the function in the ELF file `path` whose symbol is `name` or `name`.SUFFIX: its [begin,
 * end), as addresses in the file. False: the file is stripped, or cannot be read. Reads the symbol
 * table, which takes about 1 ms. Guard set; any thread. */
bool mt_symbol_in_file(const char *path, const char *name, uintptr_t *begin, uintptr_t *end);

#endif
