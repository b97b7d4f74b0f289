/* SPDX-License-Identifier: MIT */
#ifndef SHOW_STACK_H
#define SHOW_STACK_H

#include <stdio.h>

#include "fold/stacks.h"
#include "fold/tree.h"

/* The stack that ends in an entry of a tree of places, a line for each frame, innermost first. The innermost frame and the user's own;
 * libraries' frames between them are counted, unless `all` are asked for or there are no others. */
void stack_print(const struct stacks *stacks, const struct tree *tree, uint32_t entry, bool all,
                 FILE *out);

#endif
