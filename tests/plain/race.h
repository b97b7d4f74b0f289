/* SPDX-License-Identifier: MIT
 *
 * Another thread at the worst instant, without a thread and without luck: a source that is included behind this header calls
 * race_now() after each of its atomic loads, and the first one that read 0, "nobody has this place yet", lets the other thread
 * in before the source goes on.
 */
#ifndef RACE_H
#define RACE_H

#include <stdbool.h>
#include <stdint.h>

static void (*race_other)(void); /* what the other thread does, once; NULL: it does nothing */

static inline void race_now(bool zero)
{
    void (*other)(void) = race_other;
    if (!zero || !other)
        return;
    race_other = NULL;
    other();
}

/* A macro's own name in its text is not expanded again. */
#define __atomic_load_n(at, order)                                                                 \
    __extension__({                                                                                \
        __typeof__(__atomic_load_n(at, order)) loaded_ = __atomic_load_n(at, order);               \
        race_now(!loaded_);                                                                        \
        loaded_;                                                                                   \
    })

#endif
