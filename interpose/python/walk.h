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

#endif
