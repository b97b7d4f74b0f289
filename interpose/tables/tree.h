/* SPDX-License-Identifier: MIT
 *
 * The tree of stacks of one thread: each node a frame below its caller's. Callable with the guard set, by the slot's thread.
 */
#ifndef MT_TREE_H
#define MT_TREE_H

#include <stdint.h>

/* A thread's part. */
struct mt_tree {
    uint32_t *places;     /* (parent, frame) -> node, and bits of the hash */
    uint32_t places_bits; /* log2 of their number */
    uint32_t nodes;       /* of this slot */
};

/* The child of `parent` for `frame`; made on first sight. 0: no space. */
uint32_t mt_tree_child(struct mt_tree *tree, uint32_t parent, uint32_t frame);

/* Free the table; the nodes stay in the log (fork child). */
void mt_tree_free(struct mt_tree *tree);

#endif
