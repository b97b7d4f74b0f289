/* SPDX-License-Identifier: MIT
 *
 * How high the level rose while a line, or whatever else a tree of keys is made of, was on the stack.
 *
 * A run of a tree's entry below one node is a sequence of consecutive events that all went through children of the node that lie in
 * the entry. Where that is one child, the node knows its best run. Where there are several, the entry's runs are the stretches of
 * the node's children (model.h) that used children in the entry only, between others or none: no run is too high,
 * and what stretches were not recorded tells how much too low one may be.
 */
#ifndef RISES_H
#define RISES_H

#include "fold.h"

struct rise {
    uint64_t rise; /* highest of its runs; a lower bound where it is less than ... */
    uint64_t most; /* ... what it may have risen at most; 0: `rise` is exact */
};

/* By entry of the tree, to be freed. Linear in the model's size but for sorts of siblings. */
struct rise *rises_make(const struct fold_tree *tree, const struct model *model,
                        const struct frames *frames);

#endif
