/* SPDX-License-Identifier: MIT
 *
 * The interpreter's objects: what it allocates through its own allocator is seen block by block,
 * with the interpreter's allocator still doing the work.
 */
#ifndef MT_PYTHON_OBJECTS_H
#define MT_PYTHON_OBJECTS_H

#include <stdbool.h>

/* Put our functions into the allocator tables of the interpreter that was attached to.
 * Called once, when attaching, by a thread that may change the tables: no interpreter runs yet, or
 * this thread holds the GIL. Calls dlsym; guard set, no lock held. False: a symbol is missing, and
 * nothing is changed. */
bool mt_python_objects_init(void);

/* The interpreter puts tables of its own in place when it is configured (PYTHONMALLOC, -X dev) and
 * when it starts again, and each time allocates before the first object does: called at every
 * allocation as long as there is no interpreter, or one that ends, this puts ours in front again.
 * Does so only in the thread that attached: others may still run when an interpreter has ended, and
 * the tables have no lock then. Guard set, no lock held. */
void mt_python_objects_settle(void);

#endif
