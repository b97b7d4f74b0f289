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
void function_names_free(struct function_names *names);

#endif
