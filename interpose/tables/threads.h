/* SPDX-License-Identifier: MIT
 *
 * The threads' states: each belongs to a slot of the log (struct mt_thread_entry). Slots are used again by later threads, with
 * their tree, so that memory and log are bounded by the number of threads at one time.
 */
#ifndef MT_THREADS_H
#define MT_THREADS_H

#include "tables/state.h"

/* A state that nobody uses; NULL: no memory. */
struct mt_thread *mt_threads_take(void);
/* Its open runs are closed, and it waits for another thread. */
void mt_threads_give_back(struct mt_thread *t);

/* The same for one event of a thread that is past its end. The next one may be this thread's again, so what is known of its stack
 * is kept until the state goes to another. */
struct mt_thread *mt_threads_borrow(void);
void mt_threads_return(struct mt_thread *t);

/* The calling thread is who uses it now. */
void mt_threads_started(struct mt_thread *t);

/* Once, before the first event. `ended` is called at a thread's end, with what mt_threads_remember was told. */
void mt_threads_init(void (*ended)(void *));
/* False: nobody will be called. May allocate, by the wrapped functions: guard set. */
bool mt_threads_remember(void *value);

/* Forget all threads' states (fork child). */
void mt_threads_forget(void);

#endif
