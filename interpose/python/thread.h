/* SPDX-License-Identifier: MIT
 *
 * The calling thread's Python stack, as long as it may be read.
 */
#ifndef MT_PYTHON_THREAD_H
#define MT_PYTHON_THREAD_H

#include "foreign/interpreter.h"
#include "python/interpreter.h"

/* struct mt_interpreter's `read` and `thread_exit`, for CPython. */
enum mt_foreign_reading mt_python_thread_read(struct mt_foreign **stack, bool object);
void mt_python_thread_exit(struct mt_foreign **stack);

/* To be called by the hooks before each real free and munmap. While the interpreter is finalising,
 * it waits (not forever) until no thread reads frames that this release could take away. Costs two
 * loads otherwise. Any thread; errno is kept. */
void mt_python_wait_for_readers(void);
static inline void mt_python_before_release(void)
{
    if (__builtin_expect(__atomic_load_n(mt_python_finalizing, __ATOMIC_RELAXED) != 0, 0))
        mt_python_wait_for_readers();
}

#endif
