/* SPDX-License-Identifier: MIT
 *
 * Which line did it: of each stack the innermost line of the user's own code, not those that called it.
 */
#ifndef FOLD_OWN_H
#define FOLD_OWN_H

#include "fold/stacks.h"
#include "fold/tree.h"

/* Whose code each function is where the question is who did something, as enum rank. Two kinds are no own code here: what libraries
 * have Python make ("<string>"), and functions without line information in a module that has some: _start, the compiler's main.
 * To be freed. */
unsigned char *own_ranks(const struct frames *frames);

#define OWN_NONE UINT32_MAX
struct own {
    const unsigned char *ranks; /* own_ranks */
    enum rank rank;             /* the worst that is still own code: see own_places */
    /* What a runtime keeps for itself (resolve/keeps.h) has no own line, even if one called it. */
    bool kept_apart;
};

/* The place of each entry of a tree of places that made what happened there: the innermost of its stack of rank RANK_USER, else
 * the innermost of the worse ranks up to `rank`; OWN_NONE: there is none. RANK_LIBRARY: the innermost of all. To be freed.
 * Linear. */
uint32_t *own_places(const struct stacks *stacks, const struct tree *tree, const struct own *own);
/* A byte for each entry: 1 where no entry further out has the same key, so that adding up those only counts nothing twice. `keys`:
 * how many keys there are; those of threads' roots are never outermost. To be freed. Linear. */
unsigned char *own_outermost(const struct tree *tree, uint32_t keys);

#endif
