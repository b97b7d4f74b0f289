/* SPDX-License-Identifier: MIT
 *
 * A list of addresses of one module that are to be looked up, and what was found.
 */
#ifndef SYMBOLS_LOOKUP_H
#define SYMBOLS_LOOKUP_H

#include <stdbool.h>

#include "base/progress.h"
#include "symbols/symbols.h"

struct batch_item {
    uint64_t address;
    uint32_t first, count; /* in batch->symbols: innermost first, as symbols_find has them */
    bool known;
    struct symbol_call call; /* names in batch->names */
    struct symbol_code code; /* with batch->tails: the function; the name in batch->names */
};

/* What a batch opened, for the next one of the same module. Zeroed at first. */
struct batch_kept {
    char *path; /* of the module: the caller's before the first batch, then batch_kept_free's */
    struct symbols *symbols;
    struct strings strings;
    char *elsewhere; /* where the module's file was found; NULL: there, or nowhere */
};

struct batch {
    /* The caller's: addresses ascending. */
    struct batch_item *items;
    size_t count;
    struct symbols_wanted wanted;
    struct strings *strings; /* texts of the result */
    struct strings *names;   /* what the linker calls functions */
    bool tails; /* tail calls of functions are looked up, and addresses are tails_key's */
    struct progress *progress; /* NULL only with `tails` */
    size_t done_before;        /* for the progress */
    struct batch_kept *kept;   /* NULL: what is opened is closed again */

    struct symbol *symbols;
    size_t symbol_count, symbol_cap;
    const char *problem;       /* why there are no symbols at all; NULL: nothing is wrong */
    const char *lines_problem; /* why there are no lines, likewise */
};

/* Tells a function from the others of the module, in place of an address. */
uint64_t tails_key(const struct strings *names, const struct symbol_code *code);

#endif
