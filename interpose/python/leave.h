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

#include "python/frames.h"

/* Up to 3.10: stand in for frames' tp_dealloc. Called once, before there is an interpreter, or with the GIL. */
void mt_python_leave_watch(uintptr_t frame_type);

/* Before th->frames is read anew: it is the chain's again. */
void mt_python_leave_forget(struct mt_python_thread *th);

/* After th->frames was read from this thread state: add the frame that is taken down, if there is one, and set th->leaving. Room for one more frame must
 * be there. Takes no lock but code.h's. */
void mt_python_leave_find(struct mt_python_thread *th, uintptr_t state);

/* Whether what find() found still stands; all else does. Up to 3.10, and for a frame that was found. */
bool mt_python_leave_stands(const struct mt_python_thread *th, uintptr_t innermost);

#endif
