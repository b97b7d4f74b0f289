/* SPDX-License-Identifier: MIT
 *
 * A thread's guard, as it stands in its own variables: base/guard.h says what it means.
 */
#ifndef MT_GUARD_STATE_H
#define MT_GUARD_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct mt_thread;

struct mt_guard_state {
    struct mt_thread *thread;
    uint32_t depth;
    bool ended; /* the state now belongs to a later thread: each event takes one for itself */
    /* The frame of the function that set the guard. An event of a caller further out on the same
     * stack means that it was left by a jump out of a signal handler. */
    uintptr_t frame;
};

#define MT_LOCK_NOBODY 0x3fffffffu

#endif
