/* SPDX-License-Identifier: MIT
 *
 * Python stacks of CPython 3.8 to 3.14 (3.13 also without the GIL), read from the interpreter's own
 * structures by the thread that owns them: no Python API that allocates, no trace function, no GIL.
 * Offsets: python_layout.c.
 */
#ifndef MT_PYTHON_H
#define MT_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

/* A frame of a merged stack. Native: the pc as in mt_frame. Python: MT_KEY_PYTHON | index in the
 * log's FRAME table. */
typedef uint64_t mt_key;
#define MT_KEY_PYTHON (1ull << 63)

/* Look for a CPython interpreter among the loaded objects and attach to it. Called by the
 * constructor, in each fork child once it has its own log, and after a dlopen (cheap when
 * attached); one caller at a time. May call dlsym, so the guard must be set and no lock held.
 * False: there is none, or it is refused (then one note is in the log). */
bool mt_python_init(void);

/* A loaded object is met, by the first of its addresses on a stack: if it is an interpreter that came after the start, the next
 * allocation attaches to it. `map`: its link_map. Takes no lock, calls nothing. */
void mt_python_met(const char *path, const void *map, uintptr_t begin, uintptr_t end);

/* Attach to what was met, if anything. Guard set, no lock held; calls nothing of the loader's, whose lock the program may be
 * waiting for. */
void mt_python_attach_late(void);

/* True once attached: whether mt_python_merge is worth calling. Plain load, for the hot path. */
extern bool mt_python_attached;

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
void mt_python_thread_exit(void **state);

/* Of `count` merged keys, how many stay of an object's stack: all up to the innermost Python frame, if the native frames within it are the
 * interpreter's own. Which of its functions made the object says little, and they are many; an extension's say much. */
size_t mt_python_trim(const mt_key *keys, size_t count);

/* To be called by the hooks before each real free and munmap: while the interpreter is finalising,
 * waits until no thread reads frames that this release could take away (bounded). Costs two loads
 * when not finalising. Any thread, errno kept. */
void mt_python_wait_for_readers(void);
extern const uintptr_t *mt_python_finalizing;
static inline void mt_python_before_release(void)
{
    if (__builtin_expect(__atomic_load_n(mt_python_finalizing, __ATOMIC_RELAXED) != 0, 0))
        mt_python_wait_for_readers();
}

/* Whether a mapping without reserve, made from `pc`, is an interpreter's without the GIL: its allocator takes 1 GiB of
 * addresses at once, which says nothing about what it uses. Any thread, takes no lock. */
bool mt_python_reserves(uintptr_t pc);

#endif
