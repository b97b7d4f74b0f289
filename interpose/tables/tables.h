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

/* The log is open, and its first event still to come: what grows from now on is somebody's. */
void mt_tables_opened(void);

/* The process ends: a last sample of the timeline, unless another thread is taking one. Any thread;
 * `t` is its state, NULL: it has none. */
struct mt_thread;
void mt_tables_end(struct mt_thread *t);

/* Forget what the parent's memory has left, but for what is live, and reset all locks: in the child of a fork, where
 * there is one thread. */
void mt_tables_forget(void);

#endif
