/* SPDX-License-Identifier: MIT
 *
 * An event's stack: captured, or known again, and its leaf in the tree. Callable with the guard set, by the slot's thread.
 */
#ifndef MT_CAPTURE_H
#define MT_CAPTURE_H

#include <stdint.h>

#include "tables/state.h"

/* Capture the stack at `from`: its leaf is t->capture.hint->leaf, its depth t->capture.frames frames below the thread's root, of which
 * the outermost t->capture.same nodes (at least 1: the root) are those of the event before. False: no space for the nodes: the
 * event cannot be recorded. */
bool mt_capture(struct mt_thread *t, const struct mt_start *from);

/* No run is open but the root's: the next event shares nothing with this one. */
void mt_capture_lost(struct mt_thread *t);

/* The thread ends, or a state that serves several threads goes on to the next: what is known of its stack is forgotten. */
void mt_capture_thread_end(struct mt_thread *t);

/* Free a slot's private memory (fork child). */
void mt_capture_forget(struct mt_thread *t);

#endif
