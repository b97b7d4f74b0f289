/* SPDX-License-Identifier: MIT
 *
 * A library whose handlers of fork are registered before those of whatever was preloaded, so that its first one runs after theirs.
 * It has a mutex, as many do, and worker threads which it ends before a fork, as OpenBLAS does.
 */
#ifndef HANDLERS_H
#define HANDLERS_H

/* Call `work` with the mutex held. */
void handlers_locked(void (*work)(void));

/* Threads that call `work` again and again. They are joined before a fork, and started again after it. */
void handlers_workers(void (*work)(void));
/* Join them for good. */
void handlers_end(void);

#endif
