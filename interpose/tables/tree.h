/* SPDX-License-Identifier: MIT
 *
 * The tree of one thread's stacks: each node is a frame below its caller's. Callable with the guard
 * set, by the thread whose part is passed.
 */
#ifndef MT_TREE_H
#define MT_TREE_H

#include <stdint.h>

/* The part of a thread. */
struct mt_tree {
    uint32_t *places;     /* (parent, frame) -> node, and bits of the hash */
    uint32_t places_bits; /* log2 of their number */
    uint32_t nodes;       /* of this slot */
};

/* The child of `parent` for `frame`, which is made when it is first met. 0: no space. */
uint32_t mt_tree_child(struct mt_tree *tree, uint32_t parent, uint32_t frame);

/* Release the table; the nodes stay in the log (child of a fork). */
void mt_tree_free(struct mt_tree *tree);

#endif
