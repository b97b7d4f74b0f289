/* SPDX-License-Identifier: MIT
 *
 * A thread's chain of frames. Guard set, by the thread itself, while it may read its frames.
 */
#ifndef MT_PYTHON_WALK_H
#define MT_PYTHON_WALK_H

#include "python/memory.h"

/* Bring th->stack.frames up to date, starting at the innermost frame. False: no memory, or no space
 * in the log. */
bool mt_python_walk(struct mt_python_thread *th, struct mt_python_at at);

/* FRAME index of a code object and a position in it, or MT_PYTHON_RETURNS, as a walk asks for it; 0: it can't be had. */
uint32_t mt_python_walk_index(struct mt_python_thread *th, uintptr_t code, uintptr_t position);

#endif
