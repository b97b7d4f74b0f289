/* SPDX-License-Identifier: MIT
 *
 * When the program finished: main returned, somebody called exit, or CPython began to finalise. What is live at that moment is what
 * the program held; destructors, finalisers and exit handlers release a part of it later.
 *
 * Nobody tells us of the first two. The first event from within exit does: its stack has a frame of that function, and is a new one.
 */
#ifndef MT_FINISH_H
#define MT_FINISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"

/* Where exit's code is; begin 0: not known. Return addresses lie in (begin, end]. */
struct mt_finish_code {
    uintptr_t begin, bytes;
};
MT_EXTERN struct mt_finish_code mt_finish_code;

/* Is this return address one of exit's? */
static inline bool mt_finish_is(uintptr_t pc)
{
    return pc - mt_finish_code.begin - 1 < mt_finish_code.bytes;
}

/* Find exit's code; once, before the first event. Calls the loader. */
void mt_finish_init(void);

/* The program has finished: the first call counts. With the guard set, any thread, before the event that tells is entered.
 * `sound`: no table of ours is half-changed by this thread, so that the live blocks can be looked at. */
void mt_finish(bool sound);

/* It finishes if this return address, of an event's stack, is one of exit's. */
static inline void mt_finish_seen(uintptr_t pc)
{
    if (__builtin_expect(mt_finish_is(pc), 0))
        mt_finish(true);
}

/* It has not, in this process (fork child). */
void mt_finish_forget(void);

#endif
