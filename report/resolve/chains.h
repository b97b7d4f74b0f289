/* SPDX-License-Identifier: MIT
 *
 * For tails.c: the chains of tail calls from one function to another, and what all of them have in common.
 */
#ifndef RESOLVE_CHAINS_H
#define RESOLVE_CHAINS_H

#include "resolve/facts.h"

/* From where to where. */
struct chains_wanted {
    uint32_t module; /* of the frame that calls */
    struct symbol_code callee;
    bool hook;                /* to a function that the tracker wraps; else: */
    uint32_t inner_module;    /* of the frame further in */
    struct symbol_code inner; /* its function */
};

/* A function that was left by a tail call. */
struct left {
    uint32_t module;
    struct symbol places[SYMBOLS_INLINED_MAX]; /* the innermost first */
    uint32_t count;
};

/* What is without doubt: left[0..count), the outermost first; to be freed. `pending`: ask again after facts_look. */
struct chains {
    struct left *left;
    size_t count;
    bool pending;
};
struct chains chains_between(struct facts *facts, const struct chains_wanted *wanted);

#endif
