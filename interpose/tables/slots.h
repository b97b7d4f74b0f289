/* SPDX-License-Identifier: MIT
 *
 * The threads' states. Each has a slot of the log (struct mt_thread_entry) as soon as there is an
 * event of it and space for one. Later threads
 * use slots again, with their tree, so memory and log are bounded by the number of threads at one
 * time. Callable with the guard set.
 */
#ifndef MT_SLOTS_H
#define MT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

struct mt_thread;

/* A state that nobody uses; NULL: no memory. Any thread. */
struct mt_thread *mt_slots_take(void);
/* Close the state's open runs; it waits for another thread. By the thread that has it. */
void mt_slots_return(struct mt_thread *t);

/* The same for one event of a thread that is past its end. The next event may be this thread's
 * again, so what is known of its stack is kept until the state goes to another thread. */
struct mt_thread *mt_slots_borrow(void);
void mt_slots_give_back(struct mt_thread *t);

/* The calling thread has the state from now on. */
void mt_slots_started(struct mt_thread *t);

/* To be called once, before the first event. `ended` is called when a thread ends, with what
 * mt_slots_remember was told last. */
void mt_slots_init(void (*ended)(void *));
/* Have `ended` called for this thread. False: it will not be. May allocate, by the wrapped
 * functions. */
bool mt_slots_remember(void *value);

/* Forget all states (child of a fork). */
void mt_slots_forget(void);

#endif
