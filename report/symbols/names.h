/* SPDX-License-Identifier: MIT
 *
 * Functions by address from an ELF file's symbol tables, those in .gnu_debugdata included.
 * libdwfl's own look-up goes through all symbols each time; this one sorts them once.
 */
#ifndef NAMES_H
#define NAMES_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name {
    GElf_Addr low, high; /* high == low: of no known length */
    const char *text;    /* libdwfl's */
    unsigned char binding;
};
struct names {
    struct name *list; /* by address, one for each */
    size_t count, cap;
};

/* The module must outlive the names. */
void names_make(struct names *names, Dwfl_Module *module);
void names_free(struct names *names);
/* The function at `address`, NULL if there is none. Valid as long as the names. */
const struct name *names_find(const struct names *names, uint64_t address);
/* A function that the module defines. */
struct defined {
    GElf_Addr address;
    bool chosen;   /* at run time: the code is elsewhere */
    bool exported; /* another module's function of this name may stand in for it */
    bool local;    /* there may be several of this name, and others are none of it */
};
/* The functions of this name, and copies of it, which have a suffix behind a dot (f.constprop.0): at most `most` of them in `out`. Returns their
 * number, which may be more. Goes through all symbols. */
size_t names_defined(Dwfl_Module *module, const char *text, struct defined *out, size_t most);
/* The function of this name that other modules find: looks into the module's own file only, which is cheap. False: there is none. */
bool names_exported(Dwfl_Module *module, const char *text, struct defined *out);

#endif
