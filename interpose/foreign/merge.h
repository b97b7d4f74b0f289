/* SPDX-License-Identifier: MIT
 *
 * An interpreter's frames in their places among the native ones. Callable with the guard set and no
 * lock held, by the thread whose stack it is, while an interpreter is attached to (mt_interpreter);
 * errno is kept.
 */
#ifndef MT_FOREIGN_MERGE_H
#define MT_FOREIGN_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign/stack.h"
#include "unwind/stack.h"

/* Read the thread's foreign frames, for the mt_foreign_merge of the same event. Costs the frames
 * that changed. For `stack` and `object` see struct mt_interpreter. True: *print stands for all
 * that a merge depends on. The same native stack (pc and sp of every frame) and the same print give
 * the same keys, but for a chance of 1 in 2^64. False: there is no such number. */
bool mt_foreign_read(struct mt_foreign **stack, bool object, uint64_t *print);

/* After mt_foreign_read: whether a frame could not be had as the log is full. Then no stack with it is in the log. `stack`: NULL is none. */
bool mt_foreign_refused(const struct mt_foreign *stack);

/* Merge the foreign frames that mt_foreign_read has just found into the native stack: each native
 * frame that is an interpreter loop is replaced by the frames that it runs. out[0..cap) gets keys,
 * outermost first; native->used + MT_DEPTH_MAX + 1 always suffice. Returns their number. 0: the
 * thread has no foreign frames, so the native frames are the stack; or they could not be read, or
 * do not fit, which is counted. Where frames further out are left out, the first key is that of an
 * MT_FRAME_CUT frame; with native->cut, the caller puts it.
 *
 * Only what changed is merged anew. So `native` must be the thread's own and tell what it kept
 * since the last merge, and `out` must still hold what that merge put there. *same: so many leading
 * keys are known to be the last call's. */
size_t mt_foreign_merge(struct mt_foreign *foreign, const struct mt_stack *native, mt_key *out,
                        size_t cap, uint32_t *same);

/* How many of `count` merged keys stay in an object's stack: all up to the innermost foreign frame,
 * if the native frames within it are the interpreter's own. The interpreter has many functions, and
 * which of them made the object says little. An extension's functions say much. */
size_t mt_foreign_trim(struct mt_foreign *foreign, const mt_key *keys, size_t count);

/* Release the memory of a thread that ends; it is as new then. For the interpreter, in its
 * thread_exit. */
void mt_foreign_free(struct mt_foreign *foreign);

#endif
