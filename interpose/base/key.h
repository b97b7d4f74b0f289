/* SPDX-License-Identifier: MIT */
#ifndef MT_KEY_H
#define MT_KEY_H

#include <pthread.h>
#include <stdbool.h>

/* pthread_key_create for the tracker: of the keys for which pthread_setspecific never allocates, the
 * highest that is free. The program's keys keep the numbers that they have without us, and a program
 * that sets one which it has not created, which is 0, does not come upon ours. 0 or an error number. */
int mt_key_take(pthread_key_t *key, void (*at_thread_end)(void *));

/* Of key_darwin.c alone: make the key now, for mt_key_take to hand out. False: there is none left. Once, by the constructor. */
bool mt_key_reserve(void);

#endif
