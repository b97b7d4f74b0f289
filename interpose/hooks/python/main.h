/* SPDX-License-Identifier: MIT
 *
 * `python -m memtrace`: the interpreter starts the program itself, with nothing of ours on the
 * stack. What the program is to find there (the name `profile`, the tables at its end) is put in
 * just before, by a file of Python that we run then. Its memory does not count as the program's.
 */
#ifndef MT_PYTHON_MAIN_H
#define MT_PYTHON_MAIN_H

/* If this process was started by `python -m memtrace` (MEMTRACE_PYTHON_MAIN has its number), ask the
 * interpreter to call us when it is about to start the program. In the constructor, before the
 * interpreter is initialised; guard set, no lock held. */
void mt_python_main_init(void);

#endif
