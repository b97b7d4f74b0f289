/* SPDX-License-Identifier: MIT
 *
 * For tails.c: which functions a function calls last, over all modules of a log. What is asked for is looked up later, all of a module at
 * once: first it is pending.
 */
#ifndef RESOLVE_FACTS_H
#define RESOLVE_FACTS_H

#include "read/log.h"
#include "symbols/find.h"
#include "symbols/lookup.h"
#include "symbols/tails.h"

/* A tail call. */
struct edge {
    struct symbol_code to;
    uint32_t first, count; /* its places in facts->symbols, the innermost first */
};

/* A function, as it was asked for in a module. */
struct fact {
    uint32_t module;
    struct symbol_code code, self; /* asked for; what it is there */
    enum tails_status status;
    bool pending, exported;
    uint32_t first, count; /* of its edges */
};

struct facts {
    const struct log *log;
    struct strings *strings; /* names in symbols: of frames */
    struct strings *names;   /* names in codes: the linker's */
    struct find *find;
    struct fact *list;
    size_t count, cap, looked; /* from `looked` on they are pending */
    struct edge *edges;
    size_t edge_count, edge_cap;
    struct symbol *symbols;
    size_t symbol_count, symbol_cap;
    struct map index;        /* module and tails_key -> 1 + its number */
    struct map hooks;        /* names of functions that the tracker wraps -> 1 */
    uint32_t program;        /* module; 0: not known */
    struct batch_kept *kept; /* of each module: what was opened */
};

/* The members above the lists are the caller's. */
void facts_start(struct facts *facts);
void facts_free(struct facts *facts);
/* Look up all that is pending. False: nothing was. */
bool facts_look(struct facts *facts);
/* Put down all that was looked up in the log's pack. */
void facts_keep(struct facts *facts);

/* The same module may be loaded twice. */
bool facts_same_module(const struct log *log, uint32_t a, uint32_t b);
bool facts_is_hook(const struct facts *facts, uint32_t name);

enum found { FOUND_PENDING, FOUND_NOTHING, FOUND_HOOK, FOUND_FUNCTION };
/* The function that code of module `module` calls so. It is looked for there, in `hint`, in the program, then in the other modules. */
enum found facts_find(struct facts *facts, uint32_t module, const struct symbol_code *code,
                      uint32_t hint, uint32_t *fact);
/* Whether no other module has a function of its name that may stand in for it: FOUND_FUNCTION, FOUND_NOTHING or FOUND_PENDING. */
enum found facts_alone(struct facts *facts, uint32_t fact);

#endif
