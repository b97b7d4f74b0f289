/* SPDX-License-Identifier: MIT */
#ifndef MT_KEY_H
#define MT_KEY_H

#include <pthread.h>

/* pthread_key_create for the tracker: of the keys for which pthread_setspecific never allocates, the
 * highest that is free. The program's keys keep the numbers that they have without us, and a program
 * that sets one which it has not created, which is 0, does not come upon ours. 0 or an error number. */
int mt_key_take(pthread_key_t *key, void (*at_thread_end)(void *));

#endif
