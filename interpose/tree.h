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

/* Capture the stack at `from`: its leaf is t->hint->leaf, its depth t->frames frames below the thread's root, of which
 * the outermost t->same nodes (at least 1: the root) are those of the event before. False: no space for the nodes: the
 * event cannot be recorded. */
bool mt_tree_walk(struct mt_thread *t, const struct mt_start *from);

/* No run is open but the root's: the next event shares nothing with this one. */
void mt_tree_lost(struct mt_thread *t);

/* The thread ends, or a state that serves several threads goes on to the next: what is known of its stack is forgotten. */
void mt_tree_thread_end(struct mt_thread *t);

/* Free a slot's private memory (fork child). */
void mt_tree_forget(struct mt_thread *t);

static inline struct mt_node *mt_tree_node(uint32_t index)
{
    return (struct mt_node *)mt_log.base[MT_REGION_NODE] + index;
}

#endif
