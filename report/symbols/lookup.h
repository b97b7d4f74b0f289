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
};

struct batch {
    /* The caller's: addresses ascending. */
    struct batch_item *items;
    size_t count;
    struct symbols_wanted wanted;
    struct strings *strings; /* texts of the result */
    struct progress *progress;
    size_t done_before; /* for the progress */

    struct symbol *symbols;
    size_t symbol_count, symbol_cap;
    const char *problem;       /* why there are no symbols at all; NULL: nothing is wrong */
    const char *lines_problem; /* why there are no lines, likewise */
};

#endif
