/* SPDX-License-Identifier: MIT
 *
 * Which stacks a query's filter takes.
 */
#ifndef FOLD_SELECT_H
#define FOLD_SELECT_H

#include "fold/query.h"
#include "fold/stacks.h"

struct selection {
    unsigned char *nodes; /* 1: stacks that end in the node are taken; NULL: all are */
};
/* Linear in the number of nodes; without globs it costs nothing. */
void selection_make(struct selection *selection, const struct stacks *stacks,
                    const struct filter *filter);
void selection_free(struct selection *selection);
/* Was there a filter with globs, and did none take a stack, of all logs that this command has read? Any thread. */
bool selections_took_none(void);

/* Is a stack that ends in this node taken? */
static inline bool selection_has(const struct selection *selection, uint32_t node)
{
    return !selection->nodes || selection->nodes[node];
}

#endif
