/* SPDX-License-Identifier: MIT
 *
 * The tree of all stacks, by keys in place of frames: a key is a place, a function, or whatever else places are grouped by.
 *
 *   node's frame --> its places, outermost first --> their keys --> a path in the tree of keys
 */
#ifndef FOLD_TREE_H
#define FOLD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/stacks.h"

/* Entry 0 is the root and stands for nothing. A parent's index is less than its children's. */
struct tree {
    uint32_t count;
    uint32_t *parent;
    uint32_t *key;     /* TREE_THREAD + slot: root of a thread's stacks */
    uint32_t *of_node; /* entry of each of the model's nodes: of its innermost place */
    size_t cap_parent, cap_key;
    bool shared; /* the arrays are those of the tree that others have, too */
};
#define TREE_THREAD 0x80000000u
#define TREE_APART  (UINT32_MAX - 3)

/* From here on those who make the tree of these stacks without threads have the same one, which stays in memory until tree_unshare: for views
 * that make several. By one thread at a time. */
void tree_share(struct stacks *stacks);
/* Once the trees made of them are freed. */
void tree_unshare(struct stacks *stacks);
/* Build the tree of places. `threads`: stacks of different threads are kept apart below roots of their own; else they share their entries.
 * Linear in the number of nodes. */
void tree_make(struct tree *tree, const struct stacks *stacks, bool threads);
/* The same by keys, less than TREE_THREAD, one for each place (NULL: the place itself), without threads and without the places that have a byte in `skipped`, but for the innermost place of a stack whose node has a
 * byte in `ends`: of_node of such a node is the entry of that place, and of others that of the innermost place that is not skipped. Where all places of
 * a stack are skipped, that entry is below one with the key TREE_APART. */
void tree_make_without(struct tree *tree, const struct stacks *stacks, const uint32_t *key_of_place,
                       const unsigned char *skipped, const unsigned char *ends);
void tree_free(struct tree *tree);

/* Children as lists: first[parent], next[child]; 0 ends. Entry 0 is nobody's child. */
struct children {
    uint32_t *first, *next;
};
/* Room for `count` entries. */
struct children children_make(uint32_t count);
/* Of the model's nodes, in ascending order. */
struct children children_of_nodes(const struct model *model);
/* Added from the last to the first, the lists are in ascending order. */
static inline void children_add(struct children *children, uint32_t parent, uint32_t child)
{
    children->next[child] = children->first[parent];
    children->first[parent] = child;
}
void children_free(struct children *children);

#endif
