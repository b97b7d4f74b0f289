/* SPDX-License-Identifier: MIT
 *
 * What each line of the user's own code did itself, or by way of libraries: what advice is about.
 */
#ifndef ADVICE_LINES_H
#define ADVICE_LINES_H

#include "fold/stacks.h"

struct advice_line {
    struct sums sums;  /* of heap, anonymous and shared memory */
    struct sums heap;  /* of the heap alone */
    uint64_t reserved; /* of address space, allocated */
    /* Of call sites that allocate and release in one: reallocations, what they released, and blocks that were begun there. */
    uint64_t reallocs, moved, begun;
    int64_t
        grown; /* of what was live at the end: allocated during the run, not when the program started */
    uint64_t blocks; /* of the heap that were live at the end; with `bytes` of them */
    uint64_t bytes;
    bool python;
};

/* By place of stacks->frames. To be freed. */
struct advice_line *advice_lines(const struct stacks *stacks);

#endif
