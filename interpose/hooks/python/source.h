/* SPDX-License-Identifier: MIT
 *
 * Source that is in no file: IPython's cells, doctests, what else registers its text in linecache. It is copied to the log
 * when the interpreter can next be asked, so that it is there for the report, however the process ends.
 */
#ifndef MT_PYTHON_SOURCE_H
#define MT_PYTHON_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/* Once, when the interpreter was attached to; guard set. */
void mt_python_source_attach(void);

/* In the child of a fork: locks that other threads held. */
void mt_python_source_forget(void);

/* A code object of this file is about to be entered in the log: string `id`, which is the str `file`. Guard set, no lock held, inside an
 * allocation: nothing is done here but to see whether there is such a file, and to ask the interpreter for a call. */
void mt_python_source_met(uint32_t id, uintptr_t file);

#endif
