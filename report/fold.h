/* SPDX-License-Identifier: MIT
 *
 * From nodes to what people ask about: sums for each key, where a key is a line, a function, or
 * whatever else the places of a stack are grouped by.
 *
 *   node's frame ──► its places, outermost first ──► their keys ──► a path in the tree of keys
 *
 * Whatever happened under a key counts for it once, however often the key stands on the stack: only
 * the outermost occurrence of a key on a path takes the sums of the subtree under it.
 */
#ifndef FOLD_H
#define FOLD_H

#include "frames.h"
#include "model.h"

/* The tree of keys; entry 0 is the root and stands for nothing. A parent's index is less than its
 * children's. */
struct fold_tree {
    uint32_t count;
    uint32_t *parent;
    uint32_t *key;     /* FOLD_THREAD + slot: root of a thread's stacks */
    uint32_t *of_node; /* tree entry of each of the model's nodes (its innermost place) */
    size_t cap_parent, cap_key;
};
#define FOLD_THREAD 0x80000000u

/* What one key comes to, over all threads. */
struct fold_key {
    struct sums sums; /* of what is in the level; resident and discarded with all classes */
    uint64_t rise;    /* highest of all runs of the key */
    bool riseless;    /* not known: runs are of the level, and not of the classes looked at */
    bool seen;        /* stands on some stack */
    bool exact;       /* executions are counted: of a line, or calls of a function; exact.h */
    uint64_t executions;
};

/* Build the tree. `key_of_place` gives each place's key, less than FOLD_THREAD. `threads`: stacks
 * of different threads are kept apart, as fold_keys needs; else they share their entries. */
void fold_tree_make(struct fold_tree *tree, const struct model *model, const struct frames *frames,
                    const uint32_t *key_of_place, bool threads);
void fold_tree_free(struct fold_tree *tree);

/* The sums and rises of all keys, `key_count` of them, to be freed by the caller. Linear but for a
 * sort of siblings. */
struct fold_key *fold_keys(const struct fold_tree *tree, const struct model *model,
                           const struct frames *frames, uint32_t key_count);

#endif
