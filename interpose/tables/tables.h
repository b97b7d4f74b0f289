/* SPDX-License-Identifier: MIT
 *
 * All tables at once: what a process's beginning and end ask of them.
 */
#ifndef MT_TABLES_H
#define MT_TABLES_H

/* Once, before the first event. `thread_ended`: called at a thread's end, with what mt_slots_remember was told. */
void mt_tables_init(void (*thread_ended)(void *));

/* The process ends: a last sample of the timeline, unless another thread takes one just now. Guard set. */
void mt_tables_end(void);

/* Forget what the parent's memory has left, and reset all locks: in the child of a fork, where there is one thread. Guard set. */
void mt_tables_forget(void);

#endif
