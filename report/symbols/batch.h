/* SPDX-License-Identifier: MIT
 *
 * Symbols for many addresses of one module at once: those that the cache knows from there, the others
 * by several threads, each with a `struct symbols` of its own (elfutils' handles belong to one
 * thread). A compilation unit is read by one thread only. The result does not depend on who found
 * what.
 */
#ifndef BATCH_H
#define BATCH_H

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
    const char *path;
    const unsigned char *build_id;
    size_t build_id_bytes;
    struct strings *strings; /* texts of the result */
    struct progress *progress;
    size_t done_before; /* for the progress */

    struct symbol *symbols;
    size_t symbol_count, symbol_cap;
    const char *problem; /* why there are no symbols at all; NULL: nothing is wrong */
};

/* How many threads the report may use: MEMTRACE_THREADS, or one for each processor, at most 8. */
uint32_t batch_threads(void);
/* Look all items up. */
void batch_run(struct batch *batch);
/* Frees the symbols. */
void batch_free(struct batch *batch);

#endif
