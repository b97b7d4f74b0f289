/* SPDX-License-Identifier: MIT
 *
 * The calling thread's Python stack, as long as it may be read.
 */
#ifndef MT_PYTHON_THREAD_H
#define MT_PYTHON_THREAD_H

#include "python/frames.h"
#include "python/interpreter.h"

/* The cell's thread memory, made or reset as needed; NULL: no memory. */
struct mt_python_thread *mt_python_thread_of(void **state);
/* Read the calling thread's Python stack into th->frames (0 frames: none). False: it could not be
 * read. */
bool mt_python_thread_read(struct mt_python_thread *th);
/* For an object, whose thread holds the GIL: true if all frames are as they were read last, and then the same as a reading.
 * Otherwise it is to be read. NULL: false. */
bool mt_python_thread_unchanged(struct mt_python_thread *th);

void mt_python_thread_exit(void **state);

/* To be called by the hooks before each real free and munmap: while the interpreter is finalising,
 * waits until no thread reads frames that this release could take away (bounded). Costs two loads
 * when not finalising. Any thread, errno kept. */
void mt_python_wait_for_readers(void);
static inline void mt_python_before_release(void)
{
    if (__builtin_expect(__atomic_load_n(mt_python_finalizing, __ATOMIC_RELAXED) != 0, 0))
        mt_python_wait_for_readers();
}

/* The innermost frame of the calling thread, which holds the GIL; 0: it can't be had. */
uintptr_t mt_python_thread_top(void);

#endif
