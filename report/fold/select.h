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
/* Where there was a filter with globs and none took a stack, of all logs that this command has read: which globs it was, as "no stack
 * is what --thread x asks for"; to be freed. Else NULL. Any thread. */
char *selections_took_none(void);

/* Is a stack that ends in this node taken? */
static inline bool selection_has(const struct selection *selection, uint32_t node)
{
    return !selection->nodes || selection->nodes[node];
}

#endif
