/* SPDX-License-Identifier: MIT
 *
 * All tables at once: what the beginning and the end of a process ask of them. Guard set.
 */
#ifndef MT_TABLES_H
#define MT_TABLES_H

/* To be called once, before the first event. `thread_ended`: see mt_slots_init. */
void mt_tables_init(void (*thread_ended)(void *));

/* The log is mapped and still empty: make what must have its space whatever comes. */
void mt_tables_begin(void);

/* The process ends: a last sample of the timeline, unless another thread is taking one. Any thread.
 */
void mt_tables_end(void);

/* Forget what the parent's memory has left, but for what is live, and reset all locks: in the child of a fork, where
 * there is one thread. */
void mt_tables_forget(void);

#endif
