/* SPDX-License-Identifier: MIT
 *
 * Python frames in their places among the native ones.
 */
#ifndef MT_PYTHON_MERGE_H
#define MT_PYTHON_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/key.h"
#include "unwind/stack.h"

/* Read the calling thread's Python stack, for the mt_python_merge of the same event. Costs the frames that changed. True:
 * *print stands for all of it that a merge depends on, so that the same native stack (pc and sp of every frame) and the same
 * print give the same keys (but for a chance of 1 in 2^64). False: not so. Guard set, no lock held, errno kept; for `state`
 * see mt_python_merge. */
bool mt_python_read(void **state, bool object, uint64_t *print);

/* The calling thread's Python frames, as mt_python_read has just found them, merged into its native stack. `out` gets keys, outermost
 * first; each native frame that is an interpreter loop is replaced by the Python frames that it
 * runs. Returns their number, or 0 if this thread has no Python frames (then the native frames are
 * the stack) or they could not be read (counted in python_missed). `cap` >= native->used +
 * MT_DEPTH_MAX + 1 always suffices; when the stack does not fit, 0 and counted. If there are more
 * than MT_DEPTH_MAX Python frames the outer ones are left out and the first key is that of an
 * MT_FRAME_CUT frame (unless native->cut: then the caller puts one). Guard set, no lock held, errno
 * kept. To be called after every mt_python_read that is followed by a capture of `native`, which tells what it kept, and `out`
 * with what the last call put there:
 * only what changed is merged anew. *same: so many leading keys are known to be the last call's. `state` is the thread's own pointer-sized cell, NULL at first, for what this module
 * remembers between calls (freed by mt_python_thread_exit). */
size_t mt_python_merge(void **state, const struct mt_stack *native, mt_key *out, size_t cap,
                       uint32_t *same);
/* Of `count` merged keys, how many stay of an object's stack: all up to the innermost Python frame, if the native frames within it are the
 * interpreter's own. Which of its functions made the object says little, and they are many; an extension's say much. */
size_t mt_python_trim(const mt_key *keys, size_t count);

#endif
