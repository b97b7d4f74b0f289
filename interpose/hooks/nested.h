/* SPDX-License-Identifier: MIT
 *
 * A call that comes while a hook of the same thread is in its real function: whose is it? The
 * allocator may call itself by its public names, and operator new calls malloc: that is part of the
 * one event, which the hook records. But a signal handler that interrupted the hook allocates for
 * the program, and so does a new handler. The caller's address tells them apart.
 */
#ifndef MT_NESTED_H
#define MT_NESTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"
#include "base/guard.h"

/* Where an object's code lies, or a function's; empty: not known. */
struct mt_nested_range {
    uintptr_t start, bytes;
};
static inline bool mt_nested_in(const struct mt_nested_range *range, uintptr_t pc)
{
    return pc - range->start < range->bytes;
}
/* Our own library; the C++ runtime whose operators are known to call the public malloc themselves; its function that
 * makes an exception, which is an allocation of its own also when an operator calls it. Written by mt_nested_find. */
MT_EXTERN struct mt_nested_range mt_nested_self, mt_nested_operators, mt_nested_exceptions;

/* The operators without an alignment do what the standard says that they do: they call malloc and free, which are our hooks, and so are
 * the operators that they call. So a hook may go straight to the real malloc and free, and need not be passed three times an event. */
MT_EXTERN bool mt_nested_by_malloc;

/* Find the addresses of those who call. To be called once the originals are known, and again when
 * C++ operators were found later, with `pc` their caller, else 0. Calls the loader: guard set, no
 * lock held; one thread at a time. */
void mt_nested_find(uintptr_t pc);

/* A function of the heap is called from `pc`, with the guard at `depth`; `release`: it releases.
 * True: the call is the real function's own, or nobody can tell. Any thread. */
bool mt_nested_is_own(uint32_t depth, uintptr_t pc, bool release);

/* Nearly all of these: from ourselves, as the real function went on to another one by a jump (operator delete does, to free);
 * or an operator's malloc or free. False: ask mt_nested_is_own. `depth` is not 0. */
static inline __attribute__((always_inline)) bool mt_nested_plainly(uint32_t depth, uintptr_t pc,
                                                                    bool release)
{
    if (mt_nested_in(&mt_nested_self, pc))
        return true;
    return mt_nested_in(&mt_nested_operators, pc) &&
           (depth == MT_IN_DELETE ||
            (depth == MT_IN_NEW && !release && !mt_nested_in(&mt_nested_exceptions, pc)));
}

#endif
