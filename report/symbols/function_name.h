/* SPDX-License-Identifier: MIT
 *
 * The readable name of a function or an inlined call, by its entry in the debug information.
 */
#ifndef FUNCTION_NAME_H
#define FUNCTION_NAME_H

#include <elfutils/libdw.h>

#include "base/map.h"

/* What was looked up before, of one file; zeroed at the beginning. */
struct function_names {
    struct map qualified; /* offset of a function's entry -> its name */
    struct map demangled; /* linkage name, by its place in the file -> name, 0: not looked up */
};
/* In `strings`; 0: it has none. */
uint32_t function_name(struct function_names *names, struct strings *strings, Dwarf_Die *die,
                       const char *language);
/* The entry that has the name: what an inlined or out-of-line copy was made from. */
Dwarf_Die function_origin(Dwarf_Die *die);
/* What the linker calls it, in the file's bytes; NULL: it does not know it. */
const char *function_linker_name(Dwarf_Die *die);
void function_names_free(struct function_names *names);

#endif
