/* SPDX-License-Identifier: MIT
 *
 * The calls of one function, as its debug information lists them: DW_TAG_call_site of DWARF 5, DW_TAG_GNU_call_site before.
 */
#ifndef SYMBOLS_CALLS_H
#define SYMBOLS_CALLS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

struct call {
    Dwarf_Addr after;  /* address of the instruction behind it */
    Dwarf_Addr within; /* an address in the instruction */
    bool tail;
    bool direct;      /* `callee` is known */
    Dwarf_Die callee; /* as the call names it */
};

/* Those of the function that was asked for last. */
struct calls {
    const void *function; /* address of its entry */
    struct call *list;    /* by `after` */
    size_t count, cap;
    bool complete; /* all of its tail calls are there, the compiler says */
};

/* Fill `calls` for the function. Cheap where it is the same as before. */
void calls_take(struct calls *calls, Dwarf_Die *function);
/* The call that returns to this address; NULL: none is known. */
const struct call *calls_find(const struct calls *calls, Dwarf_Addr after);
void calls_free(struct calls *calls);

#endif
