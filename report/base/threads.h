/* SPDX-License-Identifier: MIT */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* How many threads the report may use: MEMTRACE_THREADS (from 1 to THREADS_MAX), or one for each processor, at most 8. */
#define THREADS_MAX 64u
uint32_t threads_allowed(void);

/* Work that may be done meanwhile, on another processor. It must neither write what others read before work_finish, nor read what they
 * write. */
struct work {
    void (*function)(void *argument);
    void *argument;
    pthread_t thread;
    bool started; /* on a thread of its own */
};
/* Begin it, if there is a thread for it. */
void work_start(struct work *work, void (*function)(void *argument), void *argument);
/* It is done afterwards: here, if it was not begun. By the thread that has started it. */
void work_finish(struct work *work);

#endif
