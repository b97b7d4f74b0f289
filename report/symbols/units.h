/* SPDX-License-Identifier: MIT
 *
 * Which compilation unit and function an address is in. An index of our own, because .debug_aranges
 * is missing from what clang and rustc make, and dwarf_getscopes reads a whole unit each time:
 *
 *   address -> unit      ranges of all units, read once
 *           -> function  ranges of the unit's functions, read at the first look-up in the unit
 */
#ifndef UNITS_H
#define UNITS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Functions, sorted by `low`; they do not overlap but where a compiler nested them. */
struct range {
    Dwarf_Addr low, high;
    Dwarf_Die die;
};
struct ranges {
    struct range *list;
    size_t count, cap;
};

struct unit {
    Dwarf_Die die;      /* the unit with the line table */
    Dwarf_Die contents; /* the one with the functions: another one in split DWARF */
    struct ranges functions;
    const char *language;
    bool indexed;
};

struct units {
    struct unit *list;
    size_t count, cap;
    struct ranges ranges; /* .die.addr is the index in list */
    bool split;           /* some units are in files of their own */
};

/* `dwarf` must outlive the units. */
void units_make(struct units *units, Dwarf *dwarf);
void units_free(struct units *units);
/* The unit and the function at `address`; NULL when none is known. */
struct unit *units_find(struct units *units, Dwarf_Addr address);
struct range *unit_function(struct unit *unit, Dwarf_Addr address);

#endif
