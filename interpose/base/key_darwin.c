/* SPDX-License-Identifier: MIT
 *
 * pthread_setspecific never allocates here, and the keys of programs begin at 256, so any will do. A thread's destructors run in the
 * order of their keys: ours is made before that of base/local.h, which the destructor still needs.
 */
#include "base/key.h"

#include <stddef.h>

static pthread_key_t reserved;
static bool made;
static void (*ended)(void *);

static void call(void *value)
{
    if (ended)
        ended(value);
}

bool mt_key_reserve(void)
{
    made = made || pthread_key_create(&reserved, call) == 0;
    return made;
}

int mt_key_take(pthread_key_t *key, void (*at_thread_end)(void *))
{
    int error = made ? 0 : pthread_key_create(&reserved, call);
    ended = at_thread_end;
    made = made || !error;
    *key = reserved;
    return error;
}
