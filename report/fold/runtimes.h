/* SPDX-License-Identifier: MIT
 *
 * Run-time systems of other languages in a traced process, which get memory for a heap of their own by mapping it: what the program
 * allocates there is no call of malloc, and no event.
 */
#ifndef FOLD_RUNTIMES_H
#define FOLD_RUNTIMES_H

#include "fold/stacks.h"

struct runtime {
    const char *whose; /* "Go's" */
    /* how its compiled code gets names that memtrace reads; NULL: it has names, or there is no way */
    const char *names;
};

/* The run-time systems whose code the process had loaded, each once; *at begins with 0. NULL: no more. */
const struct runtime *runtimes_next(const struct stacks *stacks, unsigned *at);

#endif
