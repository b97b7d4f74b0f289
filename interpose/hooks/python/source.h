/* SPDX-License-Identifier: MIT
 *
 * Source that is in no file: IPython's cells, doctests, anything else that registers its text in
 * linecache. It is copied to the log as soon as the interpreter can be asked. So the report has it,
 * however the process ends.
 */
#ifndef MT_PYTHON_SOURCE_H
#define MT_PYTHON_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/* To be called once, when the interpreter was attached to; guard set, no lock held. */
void mt_python_source_attach(void);

/* In the child of a fork: reset the lock, which another thread may have held. */
void mt_python_source_forget(void);

/* A code object of this file was met for the first time; the file is the str `file`, which is
 * string `id`. Guard set, no lock held. As it is called inside an allocation, it only looks what
 * there is of such a file (stamp.h), and asks the interpreter to call us. */
void mt_python_source_met(uint32_t id, uintptr_t file);

#endif
