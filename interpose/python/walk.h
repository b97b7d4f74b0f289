/* SPDX-License-Identifier: MIT
 *
 * A thread's chain of frames.
 */
#ifndef MT_PYTHON_WALK_H
#define MT_PYTHON_WALK_H

#include "python/frames.h"

/* Bring th->frames up to date from the innermost frame on. False: no memory, no
 * space in the log. */
bool mt_python_walk(struct mt_python_thread *th, struct mt_python_at at);

/* FRAME index of a code object and a position in it, or MT_PYTHON_RETURNS, as a walk asks for it; 0: it can't be had. */
uint32_t mt_python_walk_index(struct mt_python_thread *th, uintptr_t code, uintptr_t position);

#endif
