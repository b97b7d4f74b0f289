/* SPDX-License-Identifier: MIT
 *
 * Jumps from one function to another, read from the code. Clang's debug information has no calls of malloc and
 * of other functions that are built into it, so their tail calls are found here. x86_64 only.
 */
#ifndef SYMBOLS_SLOTS_H
#define SYMBOLS_SLOTS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "symbols/names.h"

/* Where the loader puts addresses of other modules' functions. */
struct slots {
    bool made;
    const char **names; /* libelf's */
    size_t count, cap;
    struct map of; /* address of the slot -> 1 + its name */
};

struct jump {
    GElf_Addr address; /* of the instruction, as libdwfl has it */
    GElf_Addr to;      /* a function of this module; 0: of another one */
    const char *name;  /* for the linker, valid as long as the module */
};

/* The jumps in [low, high) to functions, those of this module by `names`: at most `most` of them in `out`; their number, which may be
 * more. None where the machine is another one. */
size_t slots_jumps(struct slots *slots, Dwfl_Module *module, const struct names *names,
                   GElf_Addr low, GElf_Addr high, struct jump *out, size_t most);
/* Is it code of a machine that slots_jumps reads? */
bool slots_reads(Dwfl_Module *module);
void slots_free(struct slots *slots);

#endif
