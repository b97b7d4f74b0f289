/* SPDX-License-Identifier: MIT
 *
 * What the files that work with elfutils share of a module.
 */
#ifndef SYMBOLS_INSIDE_H
#define SYMBOLS_INSIDE_H

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>

#include "symbols/calls.h"
#include "symbols/function_name.h"
#include "symbols/macho_elf.h"
#include "symbols/names.h"
#include "symbols/slots.h"
#include "symbols/symbols.h"
#include "symbols/units.h"

struct symbols {
    struct symbols_wanted wanted;
    Dwfl *dwfl;
    Dwfl_Module *module;
    struct strings *strings;
    const char *problem;
    Dwarf *dwarf;
    Dwarf_Addr bias;           /* address in libdwfl minus address in `dwarf` */
    bool opened;               /* debug information was looked for */
    struct macho_made macho;   /* the module's file, where it is a Mach-O file */
    const char *debug_problem; /* why its debug information can't be used; NULL: nothing is wrong */
    struct units units;
    struct names names; /* made at the first look-up that needs them */
    bool names_made;
    struct function_names function_names;
    struct symbols_file file;
    struct calls calls;
    struct slots slots;
    char *elsewhere; /* what find_debuginfo took of wanted.find */
};

/* Look for the debug information, once. */
void symbols_open_debug(struct symbols *symbols);
/* By the symbol tables; NULL: none. */
const struct name *symbols_name_at(struct symbols *symbols, uint64_t address);

#endif
