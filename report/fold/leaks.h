/* SPDX-License-Identifier: MIT
 *
 * What was never given back, by call site: leaks, apart from what is there to stay (resolve/residents.def), what no code of the user's own
 * has taken, and what the user suppressed.
 */
#ifndef FOLD_LEAKS_H
#define FOLD_LEAKS_H

#include "fold/query.h"
#include "fold/stacks.h"
#include "fold/joined.h"
#include "fold/tree.h"
#include "resolve/rules.h"
#include "resolve/suppress.h"

struct leak_sum {
    int64_t bytes;
    int64_t blocks; /* never released */
    int64_t allocations;
    uint32_t sites; /* nodes of the log */
};

/* A call site. */
struct leak {
    struct leak_sum sum;
    int64_t grown;  /* of its bytes: allocated while the program ran, not when it started */
    uint32_t entry; /* of the tree */
    uint8_t class;
};

/* What is left out, by reason. */
struct leak_rest {
    const char *name; /* of a resident; of a suppression its pattern */
    struct leak_sum sum;
};

/* What tells the start of a program from its run. */
enum leak_start {
    LEAK_START_UNKNOWN, /* nothing: all counts as grown */
    LEAK_START_PERIODS, /* before the program's first period */
    LEAK_START_EVENTS,  /* the first tenth of the events of the main thread */
    LEAK_START_MIXED    /* of several processes, not the same in all */
};

struct leaks {
    enum metric
        metric; /* LIVE or LEAKED; METRICS: one in some of several processes, the other in others */
    enum leak_start start;
    struct tree tree;  /* of places */
    struct leak *list; /* the most bytes first */
    size_t count, cap;
    struct leak_sum total, all;  /* of the list; of the whole log */
    struct leak_rest *residents; /* only those with bytes */
    size_t resident_count, resident_cap;
    struct leak_sum libraries, unknown; /* without own code; of call sites that are not known */
    struct leak_sum *suppressed;        /* by suppression */
};

struct leaking {
    enum metric
        metric; /* LIVE or LEAKED; METRICS: LIVE for a program of Python's that has finished, else LEAKED */
    struct filter filter;
    bool all; /* residents and libraries' are leaks, too */
    const struct suppressions *suppressions;
    const struct joined_part *parts; /* of stacks that are several processes' (joined.h) */
    size_t part_count;               /* 0: they are one's */
};

/* Linear in the number of nodes but for sorts. leaks_free afterwards. */
void leaks_make(struct leaks *leaks, const struct stacks *stacks, const struct leaking *leaking);
void leaks_free(struct leaks *leaks);
/* Adds up; a damaged log's figures may wrap around. */
void leak_sum_add(struct leak_sum *to, const struct leak_sum *more);

#endif
