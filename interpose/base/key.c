/* SPDX-License-Identifier: MIT */
#include "base/key.h"

#define AT_HAND 32 /* glibc has so many in the thread itself (PTHREAD_KEY_2NDLEVEL_SIZE) */

int mt_key_take(pthread_key_t *key, void (*at_thread_end)(void *))
{
    pthread_key_t taken[AT_HAND + 1];
    unsigned n = 0, best = 0;
    int error = 0;
    /* The system gives the lowest that is free. */
    while (n <= AT_HAND && !(error = pthread_key_create(&taken[n], at_thread_end))) {
        if (taken[n] < AT_HAND)
            best = n;
        if (taken[n++] >= AT_HAND - 1)
            break;
    }
    if (!n)
        return error;
    *key = taken[best];
    while (n)
        if (--n != best)
            pthread_key_delete(taken[n]);
    return 0;
}
