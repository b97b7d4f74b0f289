/* SPDX-License-Identifier: MIT
 *
 * The tree of stacks of one thread: each node a frame below its caller's. Callable with the guard
 * set, by the slot's thread.
 */
#ifndef MT_TREE_H
#define MT_TREE_H

#include <stdint.h>

#include "log.h"
#include "thread.h"

/* Capture the stack at `from` and find its nodes: t->path[0..t->keys_used] from the thread's root
 * to the leaf. Returns how many leading entries of the path are the same as at the event before (at
 * least 1: the root), or 0 if there is no space for the nodes: then the event cannot be recorded,
 * and t->keys_used frames of the path still stand. */
uint32_t mt_tree_walk(struct mt_thread *t, const struct mt_start *from);

/* Free a slot's private memory (fork child). */
void mt_tree_forget(struct mt_thread *t);

static inline struct mt_node *mt_tree_node(uint32_t index)
{
    return (struct mt_node *)mt_log.base[MT_REGION_NODE] + index;
}

#endif
