/* SPDX-License-Identifier: MIT
 *
 * How much of what was allocated has an incomplete stack, or a stack without names.
 */
#ifndef FOLD_UNSURE_H
#define FOLD_UNSURE_H

#include "fold/stacks.h"

/* Bytes, of heap and anonymous mappings. */
struct unsure {
    uint64_t cut; /* the outer frames are not known */
    /* Neither function nor file is known of the innermost own code; without own code, of the innermost frame. */
    uint64_t nameless;
};
/* Linear in the number of nodes. */
struct unsure unsure_of(const struct stacks *stacks);

#endif
