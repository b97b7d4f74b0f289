/* SPDX-License-Identifier: MIT
 *
 * The frame that a function leaves behind while it is taken down: what its locals held is released then, and belongs to that
 * function, though the interpreter's chain of frames no longer has it.
 *
 * From 3.11 on frames lie on a stack of the interpreter's own, from which one is taken off when all that it held is
 * released: until then it stands above the innermost frame of the chain. Up to 3.10 frames are objects, and we stand in for their tp_dealloc.
 */
#ifndef MT_PYTHON_LEAVE_H
#define MT_PYTHON_LEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "python/memory.h"
#include "python/interpreter.h"

/* Up to 3.10: stand in for frames' tp_dealloc. Called once, before there is an interpreter, or with the GIL. */
void mt_python_leave_watch(uintptr_t frame_type);

/* Before th->stack.frames is read anew: it is the chain's again. */
static inline void mt_python_leave_forget(struct mt_python_thread *th)
{
    if (th->stack.leaving && th->stack.used > 0)
        th->stack.used--;
    th->stack.leaving = false;
}

/* Of a frame on the interpreter's stack, 3.11 on. */
static inline uintptr_t mt_python_frame_bytes(uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t at = code + l->code_first_line;

    if (l->style ==
        MT_PYTHON_ENTRIES) /* co_nlocalsplus, co_stacksize, and the fields before them */
        return 8u * (uintptr_t)(*(const int32_t *)(at + 4) + *(const int32_t *)(at - 4) + 9);
    return 8u * (uintptr_t) * (const int32_t *)(at + 8); /* co_framesize */
}

/* After th->stack.frames was read from this thread state: add the frame that is taken down, if there is one, and set th->stack.leaving.
 * Room for one more frame must be there. Takes no lock but code.h's. */
void mt_python_leave_look(struct mt_python_thread *th, uintptr_t state);
static inline void mt_python_leave_find(struct mt_python_thread *th, uintptr_t state)
{
    const struct mt_python_layout *l = &mt_python.layout;
    const struct mt_foreign_frame *innermost = &th->stack.frames[th->stack.used - 1];

    if (l->thread_stack_top &&
        th->stack.used > 0) { /* most often there is nothing above the innermost frame */
        th->stack_top = mt_load(state, l->thread_stack_top);
        if (innermost->frame + mt_python_frame_bytes(innermost->code) == th->stack_top)
            return;
    }
    mt_python_leave_look(th, state);
}

/* Up to 3.10: whether the frame that find() found is still the one that is taken down, or there is none as then. */
bool mt_python_leave_stands(const struct mt_python_thread *th, uintptr_t innermost);

#endif
